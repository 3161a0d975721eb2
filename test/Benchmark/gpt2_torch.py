"""One training step of GPT-2 124M in PyTorch, for comparison: f32, no dropout,
tanh-GELU, tied head, AdamW on all parameters (as the compiled program does, with
clipping at 1). Prints milliseconds and tokens/s of each step.

    python3 gpt2_torch.py [--batch 4] [--seq 64] [--steps 7] [--threads 2]
"""

import argparse
import time

import torch
import torch.nn.functional as F
from torch import nn

V, P, C, H, L = 50257, 1024, 768, 12, 12


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.qkv, self.proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.fc, self.out = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x, mask):
        B, T, _ = x.shape
        q, k, v = (t.view(B, T, H, C // H).transpose(1, 2)
                   for t in self.qkv(self.ln1(x)).split(C, 2))
        if hasattr(F, "scaled_dot_product_attention"):
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            s = (q @ k.transpose(-2, -1)) * (C // H) ** -0.5
            a = s.masked_fill(mask, float("-inf")).softmax(-1) @ v
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, C))
        h = self.fc(self.ln2(x))
        h = 0.5 * h * (1 + torch.tanh(0.7978845608 * (h + 0.044715 * h * h * h)))
        return x + self.out(h)


class GPT2(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(P, C)
        self.blocks = nn.ModuleList(Block() for _ in range(L))
        self.norm = nn.LayerNorm(C)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, tokens, targets):
        T = tokens.shape[1]
        mask = torch.ones(T, T, dtype=torch.bool).triu(1)
        x = self.wte(tokens) + self.wpe.weight[:T]
        for block in self.blocks:
            x = block(x, mask)
        logits = self.norm(x) @ self.wte.weight.t()
        return F.cross_entropy(logits.view(-1, V), targets.reshape(-1))


parser = argparse.ArgumentParser()
for option, value in [("batch", 4), ("seq", 64), ("steps", 7), ("threads", 2)]:
    parser.add_argument("--" + option, type=int, default=value)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(1)
model = GPT2()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1)
print("torch", torch.__version__)
for step in range(args.steps):
    data = torch.randint(V, (args.batch, args.seq + 1))
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = model(data[:, :-1], data[:, 1:])
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    seconds = time.perf_counter() - start
    print(f"{step + 1}/{args.steps} | loss {loss.item():.4f} | "
          f"{1000 * seconds:.1f} ms | {data[:, 1:].numel() / seconds:.0f} tokens/s")
