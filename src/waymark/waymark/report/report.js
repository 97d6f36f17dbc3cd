// SPDX-License-Identifier: Apache-2.0
// Reads a cell of the similarity matrix under the pointer.
'use strict';
const matrix = document.getElementById('matrix');
if (matrix) {
  const size = Number(matrix.dataset.size);
  const low = Number(matrix.dataset.low);
  const high = Number(matrix.dataset.high);
  const labels = JSON.parse(matrix.dataset.labels);
  const values = Uint8Array.from(atob(matrix.dataset.values), (c) => c.charCodeAt(0));
  const output = document.getElementById('matrix-value');
  matrix.addEventListener('pointermove', (event) => {
    const box = matrix.getBoundingClientRect();
    const cell = (part) => Math.min(size - 1, Math.max(0, Math.floor(part * size)));
    const column = cell((event.clientX - box.left) / box.width);
    const row = cell((event.clientY - box.top) / box.height);
    const cosine = low + ((high - low) * values[row * size + column]) / 255;
    output.textContent = `keyframes ${labels[row]} and ${labels[column]}: ${cosine.toFixed(2)}`;
  });
}
