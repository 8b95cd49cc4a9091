using System.Globalization;
using System.Security.Cryptography;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>What training asks of malloc, and what malloc's answers may not change.</summary>
public sealed class MemoryTests
{
    private const int Vocabulary = 8000;

    [Fact]
    public async Task Training_LogitsOf49Megabytes_TouchesNoPageAnew()
    {
        Assert.SkipUnless(Malloc.IsSupported, "malloc is not glibc's");
        const int warmup = 20;
        const int steps = 200;
        var batches = new FullBatches(rows: 64, width: 24);
        var faults = await MainArenaThread.RunAsync(() =>
        {
            using var job = TrainingJob.Create(Spec(), batches, Vocabulary);
            var buffer = job.GradientBuffers(1)[0];
            buffer.Attach();
            for (var step = 1; step <= warmup; step++)
            {
                MicroBatch.Run(job, batches.Build(step, 0), step, 0);
            }
            var before = MinorFaults();
            for (var step = warmup + 1; step <= warmup + steps; step++)
            {
                MicroBatch.Run(job, batches.Build(step, 0), step, 0);
            }
            return MinorFaults() - before;
        });
        // Logits and their gradient alone have 24,000 pages.
        Assert.InRange(faults / steps, 0, 999);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    public void MicroBatch_OtherBlocksInBetween_GivesTheSameGradient(string precision)
    {
        var batches = new FullBatches(rows: 3, width: 7);
        using var job = TrainingJob.Create(Spec(precision), batches, Vocabulary);
        var buffer = job.GradientBuffers(1)[0];
        var random = new Random(1);
        var hashes = new HashSet<string>();
        for (var round = 0; round < 20; round++)
        {
            // Every round finds other holes in malloc's memory.
            var blocks = Enumerable
                .Range(0, 50)
                .Select(_ => TorchSharp.torch.empty(random.Next(1, 300_000), dtype: TorchSharp.torch.int8))
                .ToList();
            foreach (var block in blocks.Where((_, i) => i % 2 == 0))
            {
                block.Dispose();
            }
            buffer.Flat.Clear();
            buffer.Attach();
            MicroBatch.Run(job, batches.Build(1, 0), 1, 0);
            hashes.Add(Convert.ToHexString(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(buffer.Flat.Host.Span))));
            foreach (var block in blocks)
            {
                block.Dispose();
            }
        }

        Assert.Single(hashes);
    }

    private static JobSpec Spec(string precision = "float32") =>
        new()
        {
            Seed = 7,
            Model = new ModelSpec
            {
                DModel = 40,
                Heads = 2,
                Layers = 1,
                FeedForward = 72,
                Dropout = 0.3,
                AttentionDropout = 0.1,
            },
            Training = new TrainingSpec
            {
                Steps = long.MaxValue,
                LogicalShards = 1,
                Precision = precision,
            },
        };

    // The tenth field after the program's name, which may hold anything.
    private static long MinorFaults()
    {
        var line = File.ReadAllText("/proc/self/stat");
        return long.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
    }

    /// <summary>Random tokens in full rows.</summary>
    private sealed class FullBatches(int rows, int width) : ITrainingBatches
    {
        public TrainingCursor Locate(long step) => new(0, (int)(step - 1));

        public IReadOnlyList<int> Sentences(long step, int shard) => [];

        public long StepsInEpochs(int epochs) => long.MaxValue;

        public Batch Build(long step, int shard)
        {
            var random = new Random((int)step);
            long[] Draw() => [.. Enumerable.Range(0, rows * width).Select(_ => (long)random.Next(4, Vocabulary))];
            int[] Lengths() => [.. Enumerable.Repeat(width, rows)];
            return new Batch
            {
                Rows = rows,
                SourceWidth = width,
                TargetWidth = width,
                Source = Draw(),
                DecoderInput = Draw(),
                Labels = Draw(),
                SourceLengths = Lengths(),
                TargetLengths = Lengths(),
                SourceTokens = rows * width,
                TargetTokens = rows * width,
            };
        }
    }
}
