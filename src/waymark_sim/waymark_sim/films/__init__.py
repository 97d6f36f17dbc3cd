# SPDX-License-Identifier: Apache-2.0
"""Films with known shots: what a detector of scene boundaries is measured on."""

from waymark_sim.films.film import Film, FilmLook, join_shots, make_film
from waymark_sim.films.shot import EVENTS, Shot

__all__ = ['EVENTS', 'Film', 'FilmLook', 'Shot', 'join_shots', 'make_film']
