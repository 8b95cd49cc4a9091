"""PyTorch beside `cluster-bench step`: an eager train step of torch.nn.Transformer, under DistributedDataParallel over gloo with
more than one worker. Prints one JSON object: the median step in milliseconds, tokens a second, peak memory of rank 0."""
import argparse
import json
import math
import os
import resource
import statistics
import sys
import time

parser = argparse.ArgumentParser(description=__doc__)
for name, default in dict(world=1, threads=1, d=256, layers=3, heads=4, ffn=1024, vocab=8000, batch=64, src=24, tgt=24,
                          steps=20, warmup=3, port=29571).items():
    parser.add_argument(f"--{name}", type=int, default=default)
parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
parser.add_argument("--device", default="cpu")
options = parser.parse_args()
# Both thread pools are made when torch is loaded.
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[pool] = str(options.threads)
os.environ.setdefault("USE_LIBUV", "0")

import torch  # noqa: E402
from torch import nn  # noqa: E402


class Translator(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embedding = nn.Embedding(o.vocab, o.d)
        position = torch.arange(512).unsqueeze(1)
        rate = torch.exp(torch.arange(0, o.d, 2) * (-math.log(10000.0) / o.d))
        table = torch.zeros(512, o.d)
        table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
        self.register_buffer("table", table)
        self.transformer = nn.Transformer(o.d, o.heads, o.layers, o.layers, o.ffn, dropout=0.1, batch_first=True)
        self.dropout = nn.Dropout(0.1)
        self.scale = math.sqrt(o.d)

    def embed(self, tokens):
        return self.dropout(self.embedding(tokens) * self.scale + self.table[:tokens.size(1)])

    def forward(self, source, target, source_padding, target_padding):
        causal = nn.Transformer.generate_square_subsequent_mask(target.size(1)).to(target.device)
        states = self.transformer(self.embed(source), self.embed(target), tgt_mask=causal, src_key_padding_mask=source_padding,
                                  tgt_key_padding_mask=target_padding, memory_key_padding_mask=source_padding)
        return nn.functional.linear(states, self.embedding.weight)


def run(rank, o):
    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    device = torch.device(o.device)
    net = Translator(o).to(device)
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
    model = net
    if o.world > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(o.port))
        torch.distributed.init_process_group("gloo", rank=rank, world_size=o.world)
        model = nn.parallel.DistributedDataParallel(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-9)
    draw = torch.Generator().manual_seed(rank)
    source = torch.randint(4, o.vocab, (o.batch, o.src), generator=draw).to(device)
    target = torch.randint(4, o.vocab, (o.batch, o.tgt + 1), generator=draw).to(device)
    no_source_padding = torch.zeros(o.batch, o.src, dtype=torch.bool, device=device)
    no_target_padding = torch.zeros(o.batch, o.tgt, dtype=torch.bool, device=device)
    times = []
    for step in range(o.warmup + o.steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=o.precision == "bfloat16"):
            logits = model(source, target[:, :-1], no_source_padding, no_target_padding)
        loss = nn.functional.cross_entropy(logits.float().reshape(-1, o.vocab), target[:, 1:].reshape(-1), label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if step >= o.warmup:
            times.append(time.perf_counter() - start)
    median = statistics.median(times)
    if rank == 0:
        print(json.dumps(dict(
            version=torch.__version__, workers=o.world, parameters=sum(p.numel() for p in net.parameters()), step_ms=median * 1e3,
            tokens_per_second=o.world * o.batch * (o.src + o.tgt) / median,
            peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)), flush=True)


if __name__ == "__main__":
    if options.world == 1:
        run(0, options)
    else:
        torch.multiprocessing.spawn(run, args=(options,), nprocs=options.world)
    sys.exit(0)
