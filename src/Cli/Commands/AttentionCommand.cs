using System.CommandLine;
using TorchSharp;
using TrainingCluster.AttentionView;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>attention</c>: a model's attention for a sentence, as a page; or the pictures of the course on attention.</summary>
internal static class AttentionCommand
{
    private const string DefaultPage = "attention.html";

    public static Command Create(Terminal terminal)
    {
        var sentence = new Argument<string?>("SENTENCE")
        {
            Description = "The sentence to translate while the model's attention is recorded.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var html = new Option<string>("--html")
        {
            Description = $"The page to make: one file that needs nothing from elsewhere. Default: {DefaultPage}.",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultPage,
        };
        var model = new Option<string>("--model", "-m")
        {
            Description = "The model folder that training left. Default: a small model of dates that comes with this program.",
            HelpName = "DIR",
            DefaultValueFactory = _ => ExampleModel,
        };
        var layer = new NumberOption<int?>("--layer", 1, null) { Description = "The layer that the page shows first. Default: the last." };
        var head = new NumberOption<int?>("--head", 1, null) { Description = "The head that the page shows first. Default: all." };
        var folder = new Option<string?>("--out")
        {
            Description = "Instead of a sentence: draws the pictures of the course on attention into this folder, as SVG.",
            HelpName = "DIR",
        };
        var libtorch = ProgramOptions.LibtorchFolder();
        var command = new Command(
            "attention",
            "Show what a model looks at while it translates a sentence, as a page for the browser; or draw the course on attention."
        )
        {
            sentence,
            html,
            model,
            layer,
            head,
            folder,
            libtorch,
        };
        command.Validators.Add(result =>
        {
            var (hasSentence, hasFolder) = (result.GetValue(sentence) is not null, result.GetResult(folder) is not null);
            if (hasSentence == hasFolder)
            {
                result.AddError(
                    hasSentence
                        ? "SENTENCE and --out: give one of the two"
                        : "SENTENCE is missing: give one, such as '3. Mai 2021', or --out DIR for the course's pictures"
                );
            }
            else if (hasFolder && ((Option[])[html, model, layer, head]).FirstOrDefault(IsGiven) is { } option)
            {
                result.AddError($"{option.Name} needs SENTENCE, and --out takes none");
            }

            bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
        });
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(folder) is { } target)
                {
                    Libtorch.Load(parsed.GetValue(libtorch));
                    return DrawCourseAsync(terminal, target, cancellationToken);
                }
                var file = parsed.GetValue(html)!;
                RequireWritable(file);
                Libtorch.Load(parsed.GetValue(libtorch));
                var page = CreatePage(parsed.GetValue(sentence)!, parsed.GetValue(model)!, parsed.GetValue(layer), parsed.GetValue(head));
                return WriteAsync(terminal, file, page, cancellationToken);
            }
        );
        return command;
    }

    /// <summary>The small model of dates that comes with the program.</summary>
    internal static string ExampleModel => Path.Combine(AppContext.BaseDirectory, "models", "dates");

    private static async Task<int> DrawCourseAsync(Terminal terminal, string folder, CancellationToken cancellationToken)
    {
        var target = Directory.CreateDirectory(folder).FullName;
        foreach (var figure in CourseFigures.All())
        {
            var file = Path.Combine(target, figure.FileName);
            await File.WriteAllTextAsync(file, figure.Draw(), cancellationToken);
            await terminal.Out.WriteLineAsync(file);
        }
        return ExitCodes.Succeeded;
    }

    private static Page CreatePage(string sentence, string folder, int? layer, int? head)
    {
        torch.set_num_threads(1);
        using var translator = Translator.Open(folder);
        var recording = AttentionRecorder.Record(translator, sentence);
        Require("--layer", layer, "layer", recording.Maps.Select(map => map.Layer));
        Require("--head", head, "head", recording.Maps.Select(map => map.Head));
        var notes = Notes(translator, sentence, recording);
        var html = AttentionPage.Create(recording, ModelFacts.Of(translator), new AttentionPageView(layer, head, notes));
        return new Page(html, recording, notes);
    }

    private static void Require(string option, int? number, string what, IEnumerable<int> there)
    {
        if (number > there.Max())
        {
            throw CliException.BadUsage($"{option} {number}: the model's last {what} is {there.Max()}");
        }
    }

    /// <summary>What makes the page less worth than it looks.</summary>
    private static List<string> Notes(Translator translator, string sentence, AttentionRecording recording)
    {
        var notes = new List<string>();
        // The end-of-sequence token is not counted in a data set.
        var tokens = translator.Encode(sentence).Length - 1;
        if (tokens >= recording.SourceTokens.Count)
        {
            notes.Add($"The sentence has {tokens} tokens: what comes after the first {recording.SourceTokens.Count - 1} is left out.");
        }
        if ((int?)translator.Manifest?.Specification["dataset"]?["maxTokens"] is { } longest && tokens > longest)
        {
            notes.Add(
                $"The sentence has {tokens} tokens, and the model was trained on sentences of at most {longest}: "
                    + "do not trust what it does with this one."
            );
        }
        if (recording.Steps[^1].Written != BpeTokenizer.SpecialTokens[BpeTokenizer.EosId])
        {
            notes.Add($"The translation was ended after {recording.Steps.Count} tokens, its length limit: the model did not end it.");
        }
        return notes;
    }

    /// <summary>Asked before the model is loaded.</summary>
    private static void RequireWritable(string file)
    {
        if (Directory.Exists(file) || file.EndsWith(Path.DirectorySeparatorChar))
        {
            throw CliException.BadUsage($"--html {file} is a folder; name a file, such as {Path.Combine(file, DefaultPage)}");
        }
        OutputFolder.RequireWritable("--html", Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    private static async Task<int> WriteAsync(Terminal terminal, string file, Page page, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        await File.WriteAllTextAsync(file, page.Html, cancellationToken);
        foreach (var note in page.Notes)
        {
            await terminal.Error.WriteLineAsync($"cluster: {note}");
        }
        await terminal.Out.WriteLineAsync(page.Recording.Translation);
        await terminal.Out.WriteLineAsync($"{Path.GetFullPath(file)}: open it in a browser");
        return ExitCodes.Succeeded;
    }

    private sealed record Page(string Html, AttentionRecording Recording, IReadOnlyList<string> Notes);
}
