# SPDX-License-Identifier: Apache-2.0
"""Say what each image shows, from its embedding alone: by texts, by labelled examples, or `unknown`."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticStatus
from vision_msgs.msg import Classification, LabelInfo
from waymark_msgs.msg import Embedding

from waymark.classification import ClassifierConfig
from waymark.labelling import classifier_facts, load_classifier
from waymark_ros.class_conversions import classification_to_msg, labels_to_msg, stamped_header
from waymark_ros.conversions import embedding_vector
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.qos import LATCHED, RESULTS
from waymark_ros.runner import run_node

WAITING = 10  # embeddings that may wait: each takes a fraction of a ms, and its past should have no holes


class ImageClassifierNode(ManagedNode):
    """Subscribe to `embedding`; publish `classification` for each, and once `labels`."""

    config_class = ClassifierConfig
    default_name = 'image_classifier'

    def on_configure_core(self, config: ClassifierConfig) -> None:
        """Encode the classes, or read the examples."""
        self.config = config
        self.classifier = load_classifier(config, self.progress)
        self.classification = self.create_publisher(Classification, 'classification', RESULTS)
        self.labels = self.create_publisher(LabelInfo, 'labels', LATCHED)
        for key, fact in classifier_facts(self.classifier, config).items():
            self.statistics.set(key, fact)

    def on_activate_core(self) -> None:
        """Say which classes there are, and listen to the encoder."""
        now_ns = self.get_clock().now().nanoseconds
        self.labels.publish(labels_to_msg(self.classifier.classifier.labels, self.config.threshold, now_ns))
        self.last_s = time.monotonic()
        inbox = self.inbox
        inbox.add_lane('embedding', WAITING, self.on_embedding)

        def take(msg: Embedding) -> None:
            with self.guard(f'embedding of {msg.model_id!r}'):
                self.classifier.require_fingerprint(msg.fingerprint, msg.model_id)
                inbox.deposit('embedding', (msg, time.monotonic_ns()))

        self.embeddings = self.create_subscription(Embedding, 'embedding', take, RESULTS)

    def on_embedding(self, item: tuple[Embedding, int]) -> None:
        """Classify one image in the worker thread."""
        msg, received_ns = item
        with self.guard('embedding'):
            self.last_s = time.monotonic()
            header = stamped_header(msg.header)
            found = self.classifier.observe(embedding_vector(msg), header.stamp_ns)
            self.publish_latest(self.classification, classification_to_msg(found, header, self.config.results))
            self.statistics.frame_done(received_ns)
            self.statistics.set('label', f'{found.label} {found.score:.2f}')
            self.statistics.set('skipped', self.inbox.skipped('embedding'))

    def status(self) -> tuple[bytes, str, dict[str, str]]:
        """As every node's and, when no embedding comes, the reason."""
        level, message, values = super().status()
        silence_s = time.monotonic() - self.last_s if self.is_active else 0.0
        if silence_s <= self.common.silence_s or self.guard.is_recent:
            return level, message, values
        topic = self.resolve_topic_name('embedding')
        publishers = self.count_publishers(topic)
        who = (
            f'{publishers} publish there' if publishers else 'nothing publishes there: start an image_encoder, or remap'
        )
        return DiagnosticStatus.WARN, f'no embeddings on {topic} for {silence_s:.0f} s; {who}', values

    def on_deactivate_core(self) -> None:
        """Stop listening to the encoder, and forget what came before."""
        self.destroy_subscription(self.embeddings)
        self.classifier.clear()

    def on_cleanup_core(self) -> None:
        """Release the classes."""
        del self.classifier


def main() -> None:
    """Run this node alone."""
    run_node(ImageClassifierNode)


if __name__ == '__main__':
    main()
