"""Trains the network of examples/flipflop: two bits that remember the last pulse of their own input.

Each step each input is +1 or -1 with probability 0.1, else 0; the target of bit k is its last pulse. A tanh network of 8 units
with a linear readout learns it in about a minute, by Adam on sequences of 64 steps (Sussillo & Barak 2013, section 4.1, has
three bits). Needs torch and safetensors; run from the repository's root:

    python examples/flipflop/train.py

The weights are in float64, as torch names them, in examples/flipflop/flipflop.safetensors.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

BITS, UNITS, STEPS, BATCH, PULSE = 2, 8, 64, 64, 0.1
HERE = Path(__file__).resolve().parent


class Memory(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = torch.nn.RNN(BITS, UNITS)
        self.readout = torch.nn.Linear(UNITS, BITS)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h, _ = self.rnn(x)
        return self.readout(h), h


def task(batch: int, steps: int = STEPS) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets (steps, batch, bits); the first step sets every bit."""
    x = torch.sign(torch.rand(steps, batch, BITS) - 0.5) * (torch.rand(steps, batch, BITS) < PULSE)
    x[0] = torch.sign(torch.rand(batch, BITS) - 0.5)
    y = torch.empty_like(x)
    last = torch.zeros(batch, BITS)
    for t in range(steps):
        last = torch.where(x[t] != 0, x[t], last)
        y[t] = last
    return x, y


def train(rounds: int = 4000) -> Memory:
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    net = Memory()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, rounds)
    for k in range(rounds):
        x, y = task(BATCH)
        output, h = net(x)
        loss = ((output - y) ** 2).mean() + 1e-3 * (h**2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if k % 500 == 499:
            print(f"{k + 1}: mean squared error {float(((output - y) ** 2).mean()):.2e}", flush=True)
    return net


def main() -> None:
    net = train()
    x, y = task(1000, 200)
    wrong = (torch.sign(net(x)[0]) != y).double().mean()
    print(f"wrong bits over 200 steps: {float(wrong):.1e}")
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, HERE / "flipflop.safetensors")


if __name__ == "__main__":
    main()
