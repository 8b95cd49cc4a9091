"""gloo beside `cluster-bench allreduce`: all-reduce of float32 over TCP loopback, one process a worker. Prints one JSON object a
size: the median in milliseconds."""
import argparse
import json
import os
import statistics
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
os.environ.setdefault("USE_LIBUV", "0")

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402


def run(rank, o):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(o.port))
    dist.init_process_group("gloo", rank=rank, world_size=o.world)
    for mib in (float(size) for size in o.mib.split(",")):
        values = torch.ones(int(mib * 2**20 / 4))
        times = []
        for i in range(o.warmup + o.iterations):
            dist.barrier()
            start = time.perf_counter()
            dist.all_reduce(values)
            if i >= o.warmup:
                times.append(time.perf_counter() - start)
            values.fill_(1.0)
        if rank == 0:
            print(json.dumps(dict(workers=o.world, mib=mib, ms=statistics.median(times) * 1e3)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", default="0.0625,1,4,16,64")
    for name, default in dict(world=2, iterations=15, warmup=3, port=29573).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.multiprocessing.spawn(run, args=(options,), nprocs=options.world)
