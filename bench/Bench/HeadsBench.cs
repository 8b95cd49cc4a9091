using System.CommandLine;
using System.Globalization;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Bench;

/// <summary>
/// Where the heads of a trained model look: the share of a head's weight on some places, as a mean over the sentences of standard
/// input. With a drawing of some heads for the first of them.
/// </summary>
internal static class HeadsBench
{
    private static readonly (string Name, Func<int, int, int> KeyOf)[] s_places =
    [
        ("before", (t, _) => t - 1),
        ("itself", (t, _) => t),
        ("after", (t, _) => t + 1),
        ("first", (_, _) => 0),
        ("end", (_, keys) => keys - 1),
    ];

    public static Command Command()
    {
        var folder = new Option<string>("--model")
        {
            Description = "A model folder.",
            HelpName = "DIR",
            Required = true,
        };
        var svg = new Option<string?>("--svg") { Description = "Gets a drawing of the picked heads.", HelpName = "FILE.svg" };
        var picks = new Option<string[]>("--pick")
        {
            Description = "Heads to draw, as KIND:LAYER:HEAD with KIND encoder, decoder or cross.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("heads", "Where a model's heads look, over the sentences of standard input.")
        {
            folder,
            svg,
            picks,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lines = await File.ReadAllLinesAsync("/dev/stdin", cancellationToken);
                using var translator = Translator.Open(parsed.GetValue(folder)!);
                var recordings = lines.Select(line => AttentionRecorder.Record(translator, line)).ToList();
                Print(recordings, parsed.GetValue(json));
                if (parsed.GetValue(svg) is { } file)
                {
                    var maps = parsed.GetValue(picks)!.Select(pick => Pick(recordings[0], pick)).ToList();
                    await File.WriteAllTextAsync(file, AttentionFigure.Draw(recordings[0] with { Maps = maps }), cancellationToken);
                    maps.ForEach(PrintStrongest);
                }
                return 0;
            }
        );
        return command;
    }

    private static void Print(List<AttentionRecording> recordings, bool json)
    {
        var table = new BenchTable(json, ["head", .. s_places.Select(place => place.Name), "bits"]);
        for (var i = 0; i < recordings[0].Maps.Count; i++)
        {
            var maps = recordings.Select(recording => recording.Maps[i]).ToList();
            table.Add([
                Name(maps[0]),
                .. s_places.Select(place =>
                    (object)maps.Average(map => HeadStatistics.ShareOn(map.Weights, map.Keys.Count, t => place.KeyOf(t, map.Keys.Count)))
                ),
                maps.Average(map => HeadStatistics.Entropy(map.Weights, map.Keys.Count)),
            ]);
        }
        table.Print();
    }

    private static void PrintStrongest(AttentionMap map)
    {
        Console.WriteLine(Name(map));
        foreach (var (row, query) in map.Weights.Chunk(map.Keys.Count).Zip(map.Queries))
        {
            var key = Array.IndexOf(row, row.Max());
            Console.WriteLine($"  {query} -> {map.Keys[key]} {row[key].ToString("F2", CultureInfo.InvariantCulture)}");
        }
    }

    private static AttentionMap Pick(AttentionRecording recording, string pick) =>
        recording.Maps.FirstOrDefault(map => Name(map) == pick)
        ?? throw new ArgumentException($"--pick {pick}: the model has {string.Join(", ", recording.Maps.Select(Name))}");

    private static string Name(AttentionMap map)
    {
        var kind = map.Kind switch
        {
            AttentionKind.EncoderSelf => "encoder",
            AttentionKind.DecoderSelf => "decoder",
            _ => "cross",
        };
        return $"{kind}:{map.Layer}:{map.Head}";
    }
}
