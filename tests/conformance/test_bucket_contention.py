"""Many writers at once: exactly one creates an object, and no update is lost. Threads, and processes of their own."""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeVar

import pytest

from artifactd.storage.bucket import Bucket, CasConflictError
from schemas.digest import Digest
from tests.support.bucket_makers import BucketMaker

WRITERS = 16
PROCESSES = 4
ROUNDS = 4
INCREMENTS = 5
Result = TypeVar("Result")


def body_of(writer: int) -> bytes:
    """Large enough that a torn object would show."""
    return bytes([writer]) * 100_000


def put_all_rounds(maker: BucketMaker, writers: range) -> list[list[bool]]:
    """Some of the writers of every round, each in a thread: who created the object of each round."""
    bucket = maker()

    def put(writer: int) -> list[bool]:
        return [
            bucket.put_if_absent(f"rounds/{number}", body_of(writer), size=100_000, sha256=Digest.of(body_of(writer)))
            for number in range(ROUNDS)
        ]

    return together([functools.partial(put, writer) for writer in writers])


def count_up(maker: BucketMaker, threads: int) -> int:
    """Each thread increments a shared counter some times, and tells how often it had to try again."""
    bucket = maker()
    return sum(together([lambda: increment_times(bucket, INCREMENTS)] * threads))


def increment_times(bucket: Bucket, times: int) -> int:
    conflicts = 0
    done = 0
    while done < times:
        stored = bucket.get("counter", limit=100)
        value, etag = (0, None) if stored is None else (int(stored.data), stored.etag)
        try:
            bucket.compare_and_swap("counter", str(value + 1).encode(), expected_etag=etag)
            done += 1
        except CasConflictError:
            conflicts += 1
    return conflicts


def together(tasks: list[Callable[[], Result]]) -> list[Result]:
    """Run tasks in threads that start at the same moment."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Result]) -> Result:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(run, task) for task in tasks]]


def in_processes(calls: list[tuple[Callable[..., Result], tuple[object, ...]]]) -> list[Result]:
    with ProcessPoolExecutor(len(calls), mp_context=multiprocessing.get_context("spawn")) as pool:
        futures: list[Future[Result]] = [pool.submit(function, *arguments) for function, arguments in calls]
        return [future.result() for future in futures]


def check_rounds(bucket: Bucket, results: list[list[bool]]) -> None:
    assert len(results) == WRITERS
    for number in range(ROUNDS):
        winners = [writer for writer, created in enumerate(results) if created[number]]
        assert len(winners) == 1, f"round {number}: {winners}"
        stored = bucket.get(f"rounds/{number}", limit=200_000)
        assert stored is not None
        assert stored.data == body_of(winners[0])


def check_counter(bucket: Bucket, expected: int) -> None:
    stored = bucket.get("counter", limit=100)
    assert stored is not None
    assert int(stored.data) == expected, "an update was lost"


def test_of_sixteen_threads_one_creates_the_object(maker: BucketMaker) -> None:
    check_rounds(maker(), put_all_rounds(maker, range(WRITERS)))


def test_of_sixteen_writers_in_processes_one_creates_the_object(maker: BucketMaker) -> None:
    share = WRITERS // PROCESSES
    parts = in_processes([(put_all_rounds, (maker, range(first, first + share))) for first in range(0, WRITERS, share)])
    check_rounds(maker(), [result for part in parts for result in part])


def test_no_update_of_a_counter_is_lost_between_threads(maker: BucketMaker) -> None:
    count_up(maker, 4)
    check_counter(maker(), 4 * INCREMENTS)


def test_no_update_of_a_counter_is_lost_between_processes(maker: BucketMaker) -> None:
    in_processes([(count_up, (maker, 2))] * 3)
    check_counter(maker(), 3 * 2 * INCREMENTS)


@pytest.mark.parametrize("creators", [8])
def test_of_many_creators_by_swap_one_wins(maker: BucketMaker, creators: int) -> None:
    bucket = maker()

    def create(writer: int) -> bool:
        try:
            bucket.compare_and_swap("created", str(writer).encode(), expected_etag=None)
        except CasConflictError:
            return False
        return True

    created = together([functools.partial(create, writer) for writer in range(creators)])
    assert sum(created) == 1
    stored = bucket.get("created", limit=10)
    assert stored is not None
    assert stored.data == str(created.index(True)).encode()
