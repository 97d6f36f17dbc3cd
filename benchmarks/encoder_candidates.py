# SPDX-License-Identifier: Apache-2.0
"""Candidates for the embedded encoder, side by side; prints JSON.

    python benchmarks/encoder_candidates.py ../shared/data --worlds 120
    python benchmarks/encoder_candidates.py ../shared/data --models out/a out/b --only models --others

Vocabularies and projections are fitted on generated worlds, seeds from 800000 on. `generated` are other worlds (seeds
from 910000 on)
and vpr_corridor is the development set; --others adds the sets that nothing was chosen on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import classic_encoders as classic
import cv2
import numpy as np
from numpy.typing import NDArray
from place_sets import Encode, PlaceSet, corridor, generated, indoor_loops, second_lap

from waymark.encoding import EncoderConfig, load_encoder
from waymark_sim.scenes.visits import visit_world

TRAIN_SEED, CHECK_SEED = 800_000, 910_000
CALITERRA = 'uav_odm_caliterra/caliterra.png'


def worlds(seed: int, count: int, cache: Path) -> NDArray[np.uint8]:
    """(count, places, views, h, w, 3) of generated worlds, kept in `cache` for the next run."""
    file = cache / f'worlds_{seed}_{count}.npy'
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, np.stack([visit_world(seed + i) for i in range(count)]))
    return np.asarray(np.load(file))


def model(name: str) -> Encode:
    """'hog', the name of an embedded encoder, or a model folder."""
    encoder = load_encoder(EncoderConfig(encoder=name))
    return lambda rgb: encoder.encode(rgb).vector


def candidates(taught: NDArray[np.uint8], models: list[str], only: str) -> Iterator[tuple[str, Encode]]:
    """Names and encoders, each made when its turn comes."""
    for name in ['hog', *models]:
        yield name, model(name)
    if only == 'models':
        return
    places = taught.reshape(-1, *taught.shape[2:])
    views = list(places[:, 0])
    layout = classic.edge_colour_layout
    yield 'edge + colour layout', layout
    yield 'edge + colour layout, PCA', classic.fit_pca(layout, views)
    yield 'edge + colour layout, PCA whitened', classic.fit_pca(layout, views, whiten=1.0)
    yield 'edge + colour layout, LDA on views', classic.fit_lda(layout, list(places))
    yield 'edge layout alone', partial(layout, colour_weight=0.0)
    yield 'spline pyramid', classic.spline_pyramid
    yield 'spline pyramid, LDA on views', classic.fit_lda(classic.spline_pyramid, list(places))
    for name, describe in (('HOG', classic.hog_cells), ('RootSIFT', classic.root_sift), ('AKAZE', classic.akaze)):
        vlad = classic.fit_vlad(describe, views[::3])
        yield f'{name}-VLAD', vlad
        yield f'{name}-VLAD, PCA whitened', classic.fit_pca(vlad, views, whiten=1.0)


def other_sets(data: Path) -> Iterator[PlaceSet]:
    """What nothing was chosen on."""
    yield indoor_loops(data)
    uri = 'sim:ground?seed=91&laps=1&width=320&height=240'
    yield second_lap('flight, light x0.5, 4 m aside', uri, 'gain=0.5&offset=4', 5.0)
    uri = f'sim:{(data / CALITERRA).resolve()}?metres_per_pixel=0.1&altitude=12&laps=1&width=320&height=240&seed=5'
    yield second_lap('caliterra flight, light x0.5, 3 m aside', uri, 'gain=0.5&offset=3', 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='folder with vpr_corridor')
    parser.add_argument('--models', nargs='*', default=[], help='names of embedded encoders or model folders')
    parser.add_argument('--only', choices=('all', 'models'), default='all')
    parser.add_argument('--others', action='store_true')
    parser.add_argument('--worlds', type=int, default=120, help='for vocabularies and projections')
    parser.add_argument('--cache', type=Path, default=Path('out/worlds'))
    args = parser.parse_args()

    cv2.setNumThreads(1)
    sets = [corridor(args.data), generated(worlds(CHECK_SEED, 60, args.cache))]
    sets += list(other_sets(args.data)) if args.others else []
    taught = worlds(TRAIN_SEED, args.worlds, args.cache) if args.only == 'all' else np.zeros((0,), np.uint8)
    rows = []
    for name, encode in candidates(taught, args.models, args.only):
        start = time.perf_counter()
        row = {'encoder': name, 'dim': len(encode(sets[0].queries[0]))}
        row |= {s.name: s.recall(encode) for s in sets}
        row['ms_per_image'] = round(
            1000 * (time.perf_counter() - start) / sum(len(s.queries) + len(s.database) for s in sets), 2
        )
        rows.append(row)
        print(json.dumps(row), flush=True)
    print(json.dumps({'taught_on_worlds': args.worlds, 'rows': rows}, indent=2))


if __name__ == '__main__':
    main()
