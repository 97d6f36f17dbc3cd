# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys

import pytest

SAID = 'import os, sys, waymark_ros; print(os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)'


@pytest.mark.parametrize(('given', 'said'), [({}, '1 False'), ({'OPENBLAS_NUM_THREADS': '3'}, '3 False')])
def test_blas_gets_one_thread_before_numpy_is_loaded_unless_the_user_says_otherwise(given, said):
    environ = {k: v for k, v in os.environ.items() if k != 'OPENBLAS_NUM_THREADS'} | given
    done = subprocess.run([sys.executable, '-c', SAID], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said
