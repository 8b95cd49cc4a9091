using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Local;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Scoring;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>bleu</c>: corpus BLEU of standard input.</summary>
internal static class BleuCommand
{
    // By sacreBLEU's names.
    private static readonly Dictionary<string, BleuTokenization> s_tokenizations = new(StringComparer.Ordinal)
    {
        ["13a"] = BleuTokenization.V13A,
        ["zh"] = BleuTokenization.Chinese,
        ["char"] = BleuTokenization.Characters,
        ["none"] = BleuTokenization.None,
    };

    public static Command Create(Terminal terminal)
    {
        var references = new Option<string[]>("--reference", "-r")
        {
            Description = "The reference translations, line by line; plain or .gz. May be given several times.",
            HelpName = "FILE",
            Required = true,
        };
        var tokenize = new Option<string>("--tokenize") { Description = "How text is cut into words.", DefaultValueFactory = _ => "13a" };
        tokenize.AcceptOnlyFromAmong([.. s_tokenizations.Keys]);
        var json = SharedOptions.Json();
        var command = new Command(
            "bleu",
            "Corpus BLEU of standard input, a translation a line, as sacreBLEU computes it; prints its signature too."
        )
        {
            references,
            tokenize,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    terminal,
                    parsed.GetValue(references)!,
                    s_tokenizations[parsed.GetValue(tokenize)!],
                    parsed.GetValue(json),
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        string[] paths,
        BleuTokenization tokenization,
        bool json,
        CancellationToken cancellationToken
    )
    {
        using var folder = new TemporaryFolder();
        var references = new List<List<string>>();
        foreach (var path in paths)
        {
            references.Add([.. new TextLines(await SpooledFile.ReadableAsync(path, folder.Path, cancellationToken), path)]);
        }
        foreach (var (path, lines) in paths.Zip(references))
        {
            if (lines.Count != references[0].Count)
            {
                throw CliException.BadUsage(
                    $"{paths[0]} has {references[0].Count} lines but {path} has {lines.Count}: each sentence needs one of each"
                );
            }
        }
        var sum = BleuStatistics.Empty;
        var count = 0;
        await foreach (var hypothesis in InputLines.ReadAsync(terminal.In, cancellationToken))
        {
            // Past the end only the count matters, for the message.
            if (count < references[0].Count)
            {
                sum += Bleu.Statistics(hypothesis, [.. references.Select(lines => lines[count])], tokenization);
            }
            count++;
        }
        if (count != references[0].Count)
        {
            throw CliException.BadUsage(
                $"standard input has {count} lines but {paths[0]} has {references[0].Count}: line n of one must be the translation "
                    + "that line n of the other is compared with"
            );
        }
        var score = Bleu.Compute(sum, tokenization, paths.Length);
        await terminal.Out.WriteLineAsync(
            json
                ? JsonSerializer.Serialize(
                    new
                    {
                        name = "BLEU",
                        score = score.Score,
                        score.Signature,
                        score.Precisions,
                        score.BrevityPenalty,
                        sentences = count,
                    },
                    JsonSerializerOptions.Web
                )
                : score.ToString()
        );
        return ExitCodes.Succeeded;
    }
}
