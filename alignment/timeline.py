"""When presentations took place: sessions, order and time, and the contiguous blocks to be cut from them."""

from dataclasses import dataclass

import numpy as np

LABEL = np.dtype([("session", np.int64), ("place", np.int64), ("time", np.float64), ("embargo", np.float64)])


@dataclass(frozen=True)
class Timeline:
    """Session, place and time of each presentation.

    Attributes
    ----------
    session
        ``(presentation,)`` whole numbers; there is no before and after between sessions.
    place
        ``(presentation,)`` position within the session, from 0.
    time
        ``(presentation,)`` in the unit in which distances are given; the place where no times are known.
    """

    session: np.ndarray
    place: np.ndarray
    time: np.ndarray

    @classmethod
    def of(cls, n_rows: int, session: np.ndarray | None = None, time: np.ndarray | None = None) -> "Timeline":
        """Timeline of the rows of a table, which are in order of presentation unless times are given.

        Parameters
        ----------
        n_rows
            Presentations.
        session
            ``(n_rows,)`` labels, or None for one session.
        time
            ``(n_rows,)`` numbers, or None.
        """
        codes = np.zeros(n_rows, dtype=int) if session is None else np.unique(session, return_inverse=True)[1]
        order = np.lexsort((np.arange(n_rows) if time is None else time, codes))
        starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0]) if n_rows else np.zeros(0, dtype=int)
        place = np.empty(n_rows, dtype=int)
        place[order] = np.arange(n_rows) - np.repeat(starts, np.diff(np.r_[starts, n_rows]))
        return cls(codes, place, place if time is None else np.asarray(time, dtype=float))

    def at(self, rows: np.ndarray) -> "Timeline":
        """The same for some of the rows; they keep their places and times."""
        return Timeline(self.session[rows], self.place[rows], self.time[rows])

    def labels(self, embargo: float) -> np.ndarray:
        """The timeline and an embargo as one label ``(presentation,)`` each, which can be indexed like any labels.

        Given as the groups of a mapping, they make its inner folds contiguous blocks; see `alignment.folds.inner_folds`.
        """
        found = np.empty(len(self.session), dtype=LABEL)
        found["session"], found["place"], found["time"], found["embargo"] = (
            self.session,
            self.place,
            self.time,
            embargo,
        )
        return found

    @classmethod
    def from_labels(cls, labels: np.ndarray) -> "tuple[Timeline, float] | None":
        """Timeline and embargo that `labels` made, or None for labels of another kind."""
        if labels.dtype != LABEL:
            return None
        return cls(labels["session"], labels["place"], labels["time"]), float(labels["embargo"].max(initial=0))

    def order(self) -> np.ndarray:
        """Rows session by session, in order within each."""
        return np.lexsort((self.place, self.session))

    def shortest_session(self) -> int:
        """Presentations of the shortest session."""
        return int(np.unique(self.session, return_counts=True)[1].min())

    def blocks(self, n_blocks: int) -> np.ndarray:
        """Number ``(presentation,)`` of the contiguous block; every session is cut into ``n_blocks`` of nearly equal size."""
        block = np.empty(len(self.session), dtype=int)
        order = self.order()
        for code in np.unique(self.session):
            inside = order[self.session[order] == code]
            for number, part in enumerate(np.array_split(inside, n_blocks)):
                block[part] = number
        return block

    def near(self, chosen: np.ndarray, reach: float) -> np.ndarray:
        """Which presentations are chosen or lie no further than ``reach`` from a chosen one of their session.

        Parameters
        ----------
        chosen
            ``(presentation,)`` booleans.
        reach
            Distance in the unit of `time`.
        """
        found = chosen.copy()
        for code in np.unique(self.session[chosen]):
            inside = self.session == code
            targets = np.sort(self.time[inside & chosen])
            after = np.searchsorted(targets, self.time[inside])
            to_next = np.abs(targets[np.minimum(after, len(targets) - 1)] - self.time[inside])
            to_last = np.abs(targets[np.maximum(after - 1, 0)] - self.time[inside])
            # An embargo of 0.3 s reaches the sample 3 x 0.1 s away whatever the rounding.
            found[inside] |= np.minimum(to_next, to_last) <= reach * (1 + 1e-9)
        return found
