using System.CommandLine;
using System.Text;
using System.Threading.Channels;
using TorchSharp;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>translate</c>: standard input to standard output, a sentence a line.</summary>
internal static class TranslateCommand
{
    /// <summary>Sentences translated together, at most: enough to fill batches of like length, few enough to see output soon.</summary>
    private const int MostTogether = 512;

    public static Command Create(Terminal terminal)
    {
        var folder = new Option<string>("--model", "-m")
        {
            Description = "The model folder that training left.",
            HelpName = "DIR",
            Required = true,
        };
        var beam = new NumberOption<int>("--beam", 1, SearchOptions.GreatestBeam)
        {
            Description = $"Hypotheses kept of each sentence, 1 (greedy) to {SearchOptions.GreatestBeam}.",
            DefaultValueFactory = _ => 4,
        };
        var penalty = new NumberOption<double>("--length-penalty", 0.0, SearchOptions.GreatestLengthPenalty)
        {
            Description =
                "Hypotheses are compared by log p / length^A: 0 favours short ones, 1 compares means. "
                + $"0 to {SearchOptions.GreatestLengthPenalty}.",
            HelpName = "A",
            DefaultValueFactory = _ => 1,
        };
        var threads = new NumberOption<int>("--threads", 1, SharedOptions.MostParallel)
        {
            Description = $"Threads to compute with, 1 to {SharedOptions.MostParallel}.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var attention = new Option<string?>("--attention")
        {
            Description = "Draws the attention of every layer and head for the first sentence.",
            HelpName = "FILE.svg",
        };
        var layer = new NumberOption<int?>("--attention-layer", 1, null)
        {
            Description = "Draws this layer's attention alone, counted from 1.",
        };
        layer.Validators.Add(result =>
        {
            if (result.GetResult(attention) is null)
            {
                result.AddError("--attention-layer needs --attention FILE.svg");
            }
        });
        var libtorch = ProgramOptions.LibtorchFolder();
        var command = new Command("translate", "Translate standard input, a sentence a line, to standard output.")
        {
            folder,
            beam,
            penalty,
            threads,
            attention,
            layer,
            libtorch,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                var search = new SearchOptions { Beam = parsed.GetValue(beam), LengthPenalty = parsed.GetValue(penalty) };
                return RunAsync(
                    terminal,
                    parsed.GetValue(folder)!,
                    search,
                    parsed.GetValue(threads),
                    parsed.GetValue(attention) is { } file ? new Drawing(file, parsed.GetValue(layer)) : null,
                    cancellationToken
                );
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        string folder,
        SearchOptions search,
        int threads,
        Drawing? drawing,
        CancellationToken cancellationToken
    )
    {
        torch.set_num_threads(threads);
        using var translator = Translator.Open(folder);
        // Reading goes on while a batch is translated; what has come by then makes the next batch.
        var lines = Channel.CreateBounded<string>(4 * MostTogether);
        var reading = ReadAsync(terminal.In, lines.Writer, cancellationToken);
        var (batch, number) = (new List<string>(), 0);
        while (await lines.Reader.WaitToReadAsync(cancellationToken))
        {
            batch.Clear();
            while (batch.Count < MostTogether && lines.Reader.TryRead(out var line))
            {
                number++;
                if (IsTooLong(translator, line, search))
                {
                    await terminal.Error.WriteLineAsync(
                        $"cluster: standard input, line {number}: longer than {search.MaxSourceTokens} tokens; its end is left out"
                    );
                }
                batch.Add(line);
            }
            if (drawing is not null && batch.Find(line => !string.IsNullOrWhiteSpace(line)) is { } sentence)
            {
                await DrawAsync(drawing, AttentionRecorder.Record(translator, sentence, search), cancellationToken);
                drawing = null;
            }
            foreach (var translation in translator.Translate(batch, search, cancellationToken))
            {
                await terminal.Out.WriteLineAsync(translation);
            }
            await terminal.Out.FlushAsync(cancellationToken);
        }
        await reading;
        return ExitCodes.Succeeded;
    }

    private static async Task DrawAsync(Drawing drawing, AttentionRecording recording, CancellationToken cancellationToken)
    {
        if (drawing.Layer is { } layer)
        {
            var layers = recording.Maps.Max(map => map.Layer);
            if (layer > layers)
            {
                throw CliException.BadUsage($"--attention-layer {layer}: the model's last layer is {layers}");
            }
            recording = recording with { Maps = [.. recording.Maps.Where(map => map.Layer == layer)] };
        }
        await File.WriteAllTextAsync(drawing.File, AttentionFigure.Draw(recording), cancellationToken);
    }

    private static async Task ReadAsync(Stream input, ChannelWriter<string> lines, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var line in InputLines.ReadAsync(input, cancellationToken))
            {
                await lines.WriteAsync(line, cancellationToken);
            }
        }
        finally
        {
            // What was read before an error is still translated; the error comes after it.
            lines.Complete();
        }
    }

    /// <summary>No token is shorter than a byte, so that short sentences need not be encoded to know.</summary>
    private static bool IsTooLong(Translator translator, string line, SearchOptions search) =>
        Encoding.UTF8.GetByteCount(line) >= search.MaxSourceTokens && translator.Encode(line).Length > search.MaxSourceTokens;

    /// <summary>Where to draw the attention, and of which layer; null: of all.</summary>
    private sealed record Drawing(string File, int? Layer);
}
