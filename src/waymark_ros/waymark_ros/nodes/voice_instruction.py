# SPDX-License-Identifier: Apache-2.0
"""Give instructions by voice: what is said into a microphone becomes `instruction`, a spoken stop ends it."""

from __future__ import annotations

from std_msgs.msg import String

from waymark.voice import SpeechProcess, Utterance, VoiceConfig, instruction_of, open_audio, utterances_in
from waymark_ros.lifecycle import ManagedNode
from waymark_ros.qos import STATE
from waymark_ros.runner import run_node


class VoiceInstructionNode(ManagedNode):
    """Listen; publish `instruction` for what is understood, '' for a stop, nothing for all else."""

    config_class = VoiceConfig
    default_name = 'voice_instruction'

    def on_configure_core(self, config: VoiceConfig) -> None:
        """Find the microphone and load the model, so that what is missing is said at start."""
        self.config = config
        self.sounds = open_audio(config.audio)
        self.speech = SpeechProcess(config)
        self.instruction = self.create_publisher(String, 'instruction', STATE)
        self.progress(f'loading {config.model}', 0.0)
        self.speech.start()

    def work(self) -> None:
        """Listen until the node ends; the end of a file is none of the node's."""
        self.get_logger().info('listening')
        for utterance in utterances_in(self.sounds(lambda: self.stopping), self.config):
            with self.guard('speech'):
                self.on_utterance(utterance)
        self.get_logger().info('no more sound')
        while not self.stopping:
            self.wait(1.0)

    def on_utterance(self, utterance: Utterance) -> None:
        """Understand it, and pass it on where it says something."""
        if self.stopping:
            return
        heard = self.speech.hear(utterance.samples)
        instruction = instruction_of(heard, self.config)
        outcome = 'not believed' if instruction is None else f'instruction {instruction!r}' if instruction else 'stop'
        self.get_logger().info(f'heard {heard.text!r} ({heard.confidence:.2f}): {outcome}')
        self.statistics.set_all({'heard': heard.text, 'confidence': f'{heard.confidence:.2f}', 'outcome': outcome})
        if instruction is not None:
            self.publish_latest(self.instruction, String(data=instruction))

    def on_cleanup_core(self) -> None:
        """End the speech process."""
        self.speech.close()


def main() -> None:
    """Run this node alone."""
    run_node(VoiceInstructionNode)


if __name__ == '__main__':
    main()
