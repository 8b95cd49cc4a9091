using System.CommandLine;
using System.Diagnostics;
using TorchSharp;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>
/// Time of one layer's forward pass against the length of the sequence: self-attention, a convolution and a recurrent layer of the
/// same width, one sequence, no gradients. The picture shows the time divided by the length.
/// </summary>
internal static class LayersBench
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.5);

    public static Command Command()
    {
        var width = new Option<int>("--d") { Description = "Features of a token.", DefaultValueFactory = _ => 64 };
        var lengths = new Option<int[]>("--lengths")
        {
            Description = "Tokens of the sequence.",
            DefaultValueFactory = _ => [16, 256, 512, 1024, 2048, 3072, 4096, 6144],
            AllowMultipleArgumentsPerToken = true,
        };
        var threads = new Option<int>("--threads") { Description = "Compute threads.", DefaultValueFactory = _ => 1 };
        var svg = new Option<string?>("--svg") { Description = "Gets a drawing.", HelpName = "FILE.svg" };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("layers", "Time of a self-attention, a convolution and a recurrent layer, by length.")
        {
            width,
            lengths,
            threads,
            svg,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                torch.set_num_threads(parsed.GetValue(threads));
                var series = Measure(parsed.GetValue(width), parsed.GetValue(lengths)!, parsed.GetValue(json));
                if (parsed.GetValue(svg) is { } file)
                {
                    await File.WriteAllTextAsync(file, Draw(series, parsed.GetValue(width)), cancellationToken);
                }
                return 0;
            }
        );
        return command;
    }

    private static List<ChartSeries> Measure(int width, int[] lengths, bool json)
    {
        using var noGradients = no_grad();
        using var attention = new SelfAttention(width);
        using var convolution = new SequenceConvolution(width, kernel: 3);
        using var recurrent = torch.nn.GRU(width, width, batchFirst: true);
        var layers = new (string Name, Func<Tensor, Tensor> Forward)[]
        {
            ("self-attention", x_BTD => attention.forward(x_BTD)),
            ("convolution, kernel 3", x_BTD => convolution.forward(x_BTD)),
            ("recurrent (GRU)", x_BTD => recurrent.call(x_BTD, null!).Item1),
        };
        var table = new BenchTable(json, "layer", "length", "ms", "us a token");
        var series = new List<ChartSeries>();
        foreach (var (name, forward) in layers)
        {
            var points = new List<(double, double)>();
            foreach (var length in lengths)
            {
                var milliseconds = Time(forward, length, width);
                points.Add((length, milliseconds * 1e3 / length));
                table.Add(name, $"{length}", milliseconds, milliseconds * 1e3 / length);
            }
            series.Add(new ChartSeries(name, points));
        }
        table.Print();
        return series;
    }

    private static double Time(Func<Tensor, Tensor> forward, int length, int width)
    {
        using var scope = NewDisposeScope();
        var x_BTD = randn(1, length, width);
        forward(x_BTD).Dispose();
        var (times, whole) = (new List<double>(), Stopwatch.StartNew());
        while (whole.Elapsed < s_patience || times.Count < 5)
        {
            using var one = NewDisposeScope();
            var watch = Stopwatch.StartNew();
            forward(x_BTD);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        return BenchTable.Median(times);
    }

    private static string Draw(List<ChartSeries> series, int width) =>
        new LineChart
        {
            Title = $"Time of a layer of {width} features, divided by the length",
            XName = "length of the sequence, in tokens",
            YName = "microseconds a token",
            Width = 620,
            Height = 340,
            Series = series,
        }.ToSvg();
}
