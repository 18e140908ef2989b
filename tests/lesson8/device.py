"""A device with little memory that really refuses: what it hands out are real tensors, and what it has no room for it asks
torch's own allocator for, in a size that no machine has. So the refusal is the real one, in the words of this platform."""

from __future__ import annotations

import weakref

import torch

NO_MACHINE_HAS = 2**62  # bytes


class Device:
    """Has room for so many bytes. `attempt(n)` is a batch of n: the activations of four layers, one after the other.

    `asked` lists the sizes that were tried, `left_over` the bytes that were still held when each try began.
    """

    layers, bytes_an_item = 4, 8

    def __init__(self, room: int):
        self.room, self.held = room, 0
        self.asked: list[int] = []
        self.left_over: list[int] = []

    def attempt(self, n: int) -> list[torch.Tensor]:
        self.asked.append(n)
        self.left_over.append(self.held)
        activations = []
        for _ in range(self.layers):
            activations.append(self.tensor(n * self.bytes_an_item))
        return activations

    def tensor(self, size: int) -> torch.Tensor:
        if self.held + size > self.room:
            size = NO_MACHINE_HAS
        tensor = torch.empty(size, dtype=torch.uint8)
        self.held += size
        weakref.finalize(tensor, self.release, size)
        return tensor

    def release(self, size: int):
        self.held -= size


def room_for(n: int) -> Device:
    """A device that has room for a batch of n, and for nothing larger."""
    return Device(n * Device.layers * Device.bytes_an_item + Device.bytes_an_item // 2)
