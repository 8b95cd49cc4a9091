using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Bench;

/// <summary>The sizes of a measured step, as options of every program that does one.</summary>
internal static class StepShape
{
    public static readonly Option<int> D = Number("--d", 256, "Model width.");
    public static readonly Option<int> Layers = Number("--layers", 3, "Blocks on each side.");
    public static readonly Option<int> Heads = Number("--heads", 4, "Attention heads.");
    public static readonly Option<int> FeedForward = Number("--ffn", 1024, "Width of the feed-forward network.");
    public static readonly Option<int> Vocabulary = Number("--vocab", 8000, "Vocabulary.");
    public static readonly Option<int> Batch = Number("--batch", 64, "Sentence pairs a worker and step.");
    public static readonly Option<int> Source = Number("--src", 24, "Source tokens a sentence.");
    public static readonly Option<int> Target = Number("--tgt", 24, "Target tokens a sentence.");
    public static readonly Option<int> Steps = Number("--steps", 20, "Measured steps.");
    public static readonly Option<int> Warmup = Number("--warmup", 12, "Steps before the measured ones: .NET compiles in them.");
    public static readonly Option<int> Threads = Number("--threads", 1, "Compute threads of a worker.");
    public static readonly Option<bool> Varied = new("--varied")
    {
        Description = "Every step has sentences of another length, and as many as make the same number of tokens, as in text.",
    };
    public static readonly Option<string> Precision = new("--precision")
    {
        Description = "Of matrix products: float32 or bfloat16 (PyTorch: autocast; TorchSharp, which has none: a bfloat16 model).",
        DefaultValueFactory = _ => "float32",
    };
    public static readonly Option<string> Device = new("--device")
    {
        Description = "Where to compute: cpu, cuda:0, ...",
        DefaultValueFactory = _ => "cpu",
        HelpName = "DEVICE",
    };

    private static readonly Option<int>[] s_numbers =
    [
        D,
        Layers,
        Heads,
        FeedForward,
        Vocabulary,
        Batch,
        Source,
        Target,
        Steps,
        Warmup,
        Threads,
    ];

    public static void AddTo(Command command)
    {
        foreach (var option in s_numbers)
        {
            command.Add(option);
        }
        command.Add(Varied);
        command.Add(Precision);
        command.Add(Device);
    }

    /// <summary>The same sizes, for another program's command line.</summary>
    public static IReadOnlyList<string> Arguments(ParseResult parsed) =>
        [
            .. s_numbers.SelectMany(option => (string[])[option.Name, parsed.GetValue(option).ToString(CultureInfo.InvariantCulture)]),
            .. parsed.GetValue(Varied) ? [Varied.Name] : Array.Empty<string>(),
            Precision.Name,
            parsed.GetValue(Precision)!,
            Device.Name,
            parsed.GetValue(Device)!,
        ];

    public static MadeUpBatches Batches(ParseResult parsed) =>
        new(parsed.GetValue(Batch), parsed.GetValue(Source), parsed.GetValue(Target), parsed.GetValue(Vocabulary), parsed.GetValue(Varied));

    /// <summary>The steps' median time, once those that warm up are done.</summary>
    public static double MedianMilliseconds(ParseResult parsed, Func<TimeSpan> step, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var i = 0; i < parsed.GetValue(Warmup) + parsed.GetValue(Steps); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var time = step();
            if (i >= parsed.GetValue(Warmup))
            {
                times.Add(time.TotalMilliseconds);
            }
        }
        return BenchTable.Median(times);
    }

    private static Option<int> Number(string name, int value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}

#pragma warning disable IDE1006, SA1300 // Names as in the peers' JSON.
/// <summary>What one system took for a step; what it does not tell apart is null.</summary>
internal sealed record StepTimes(
    double step_ms,
    double tokens_per_second,
    double? compute_ms = null,
    double? exchange_ms = null,
    double? update_ms = null,
    double? gather_ms = null,
    double? moments_mb = null,
    double? sent_mb = null,
    double? peak_rss_mb = null
)
{
    public static StepTimes Read(string line) => JsonSerializer.Deserialize<StepTimes>(line)!;

    public void Write() => Console.WriteLine(JsonSerializer.Serialize(this));
}
#pragma warning restore IDE1006, SA1300

/// <summary>Random tokens in full rows.</summary>
internal sealed class MadeUpBatches(int rows, int source, int target, int vocabulary, bool varied = false) : ITrainingBatches
{
    private readonly Dictionary<int, Batch> _batches = [];

    public double Tokens => rows * (source + target);

    public TrainingCursor Locate(long step) => new(0, (int)(step - 1));

    public IReadOnlyList<int> Sentences(long step, int shard) => [];

    public long StepsInEpochs(int epochs) => long.MaxValue;

    public Batch Build(long step, int shard)
    {
        if (varied)
        {
            var random = new Random(HashCode.Combine(step, shard));
            // Lengths of half to twice the given ones, and rows for as many tokens.
            double Factor() => Math.Pow(2, (2 * random.NextDouble()) - 1);
            var (s, t) = ((int)(source * Factor()), 0);
            t = Math.Max(1, (s * target / source) + random.Next(-2, 3));
            return Draw(random, Math.Max(1, (int)Tokens / (s + t)), s, t);
        }
        if (!_batches.TryGetValue(shard, out var batch))
        {
            _batches[shard] = batch = Draw(new Random(shard), rows, source, target);
        }
        return batch;
    }

    private Batch Draw(Random random, int count, int sourceWidth, int targetWidth)
    {
        long[] Draw(int columns) => [.. Enumerable.Range(0, count * columns).Select(_ => (long)random.Next(4, vocabulary))];
        return new Batch
        {
            Rows = count,
            SourceWidth = sourceWidth,
            TargetWidth = targetWidth,
            Source = Draw(sourceWidth),
            DecoderInput = Draw(targetWidth),
            Labels = Draw(targetWidth),
            SourceLengths = [.. Enumerable.Repeat(sourceWidth, count)],
            TargetLengths = [.. Enumerable.Repeat(targetWidth, count)],
            SourceTokens = (long)count * sourceWidth,
            TargetTokens = (long)count * targetWidth,
        };
    }
}
