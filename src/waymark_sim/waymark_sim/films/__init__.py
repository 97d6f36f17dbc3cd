# SPDX-License-Identifier: Apache-2.0
"""Films with known shots: what a detector of scene boundaries is measured on."""

from waymark_sim.films.film import Film, FilmLook, make_film

__all__ = ['Film', 'FilmLook', 'make_film']
