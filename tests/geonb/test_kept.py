"""A property that is worked out once has no lock that another instance waits for."""

import threading

from geonb.kept import kept


class Asked:
    def __init__(self, wait):
        self.wait, self.count = wait, 0

    @kept
    def answer(self):
        self.count += 1
        return self.wait()


def test_it_is_worked_out_once_for_each_instance():
    one, other = Asked(lambda: [1]), Asked(lambda: [2])
    assert one.answer is one.answer
    assert (one.answer, other.answer, one.count) == ([1], [2], 1)


def test_no_instance_waits_for_another():
    begun, go_on = threading.Event(), threading.Event()

    def wait():
        begun.set()
        return go_on.wait(5)

    slow = Asked(wait)
    thread = threading.Thread(target=lambda: slow.answer)
    thread.start()
    assert begun.wait(5)
    assert Asked(lambda: 1).answer == 1
    still_at_it = thread.is_alive()
    go_on.set()
    thread.join()
    assert still_at_it
    assert slow.answer
