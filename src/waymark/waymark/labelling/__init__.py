# SPDX-License-Identifier: Apache-2.0
"""What `waymark label` and `waymark classify` do with recordings, and how a node gets its classes."""

from waymark.labelling.classifier import classifier_facts, load_classifier

__all__ = ['classifier_facts', 'load_classifier']
