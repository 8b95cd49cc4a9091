using System.IO.Compression;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Commands;
using TrainingCluster.Cli.Display;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Text that people give to the command line.</summary>
internal static class TextTargets
{
    private const string Sentences = "the cat sat\r\nauf der Matte \u00e4\n\n\uFEFF\U0001F600 end";

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "input-lines",
            Read = input => ReadLinesAsync(new MemoryStream(input)).GetAwaiter().GetResult(),
            IsRefusal = error => error is CliException,
            Seeds = () => [Encoding.UTF8.GetBytes(Sentences)],
            Words = ["\n", "\r\n", "\uFEFF", "\0"],
            // The pipe's first block.
            AllocatedAlways = 128 * 1024,
        },
        new()
        {
            Name = "text-lines",
            Read = input => Count(new TextLines(Spooled("text", input))),
            IsRefusal = error => error is DatasetException,
            Seeds = () => [Encoding.UTF8.GetBytes(Sentences), .. Gzipped(Sentences)],
            Words = ["\n", "\r\n", "\uFEFF", "\0"],
            AllocatedAlways = 512 * 1024,
            // Deflate makes up to 1,032 bytes of one, each a character twice over.
            AllocatedPerByte = 8 * 1024,
            Cost = 2,
        },
        new()
        {
            Name = "parallel-text",
            PartDepth = 1,
            IsText = true,
            Read = input =>
            {
                var parts = Parts.Split(input);
                var source = Scratch.File("source", parts.At(0));
                Count(new ParallelText(source, parts.Count < 2 ? null : Scratch.File("target", parts[1])).Read());
            },
            IsRefusal = error => error is DatasetException,
            Seeds = () =>
                [
                    Parts.Join(Encoding.UTF8.GetBytes("a b\nc\n"), Encoding.UTF8.GetBytes("d\ne f\n")),
                    Parts.Join(Encoding.UTF8.GetBytes("a b\tc\n\nd\te f\n")),
                ],
            Words = ["\n", "\t"],
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 8 * 1024,
        },
        new()
        {
            Name = "training-events",
            Read = input => PlotCommand.ReadAsync(Scratch.File("run.jsonl", input), CancellationToken.None).GetAwaiter().GetResult(),
            IsRefusal = error => error is CliException,
            Seeds = () => [Encoding.UTF8.GetBytes(Events())],
            IsText = true,
            Words = ["\"eventTime\":null", "\"evaluation\":{}", "\"generation\":{}", "{}", "\"step\":\"5\""],
            AllocatedAlways = 256 * 1024,
            AllocatedPerByte = 1024,
        },
    ];

    private static string Spooled(string name, byte[] input)
    {
        var path = Scratch.File(name, input);
        return SpooledFile.ReadableAsync(path, Scratch.At("spooled"), CancellationToken.None).GetAwaiter().GetResult();
    }

    private static async Task ReadLinesAsync(Stream input)
    {
        await foreach (var _ in InputLines.ReadAsync(input, CancellationToken.None)) { }
    }

    private static void Count<T>(IEnumerable<T> items)
    {
        foreach (var _ in items) { }
    }

    private static IEnumerable<byte[]> Gzipped(string text)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }
        yield return stream.ToArray();
        // Two members: the file is both.
        yield return [.. stream.ToArray(), .. stream.ToArray()];
    }

    private static string Events()
    {
        var time = Timestamp.FromDateTime(DateTime.UnixEpoch);
        JobEvent[] events =
        [
            new()
            {
                EventTime = time,
                Generation = new GenerationChanged { Generation = 1 },
            },
            new()
            {
                EventTime = time,
                Evaluation = new Evaluation { Step = 100, Bleu = 12.5 },
            },
            new()
            {
                EventTime = time,
                Log = new LogLine { Text = "x" },
            },
        ];
        return string.Join('\n', events.Select(MessageJson.Of).Prepend("training begins").Append("""{"id":"job-1"}"""));
    }
}
