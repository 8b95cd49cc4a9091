using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Training;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>datasets</c>: those that a coordinator keeps.</summary>
internal static class DatasetsCommand
{
    private const int PageSize = 100;

    // The check of a great dataset reads all of it.
    private static readonly TimeSpan s_changeWithin = TimeSpan.FromMinutes(5);

    public static Command Create(Terminal terminal) =>
        new("datasets", "The datasets that a coordinator keeps: list, upload, delete, and collect what no job needs.")
        {
            List(terminal),
            Upload(terminal),
            Delete(terminal),
            Collect(terminal),
        };

    private static Command List(Terminal terminal)
    {
        var limit = new NumberOption<int>("--limit", 1, null) { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("list", "List datasets, newest first.") { limit, coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var (datasets, most) = (new List<DatasetInfo>(), parsed.GetValue(limit));
                var request = new ListDatasetsRequest();
                do
                {
                    request.PageSize = Math.Min(PageSize, most - datasets.Count);
                    var page = await connection.CallAsync(
                        options => connection.Datasets.ListDatasetsAsync(request, options),
                        cancellationToken
                    );
                    datasets.AddRange(page.Datasets);
                    request.PageToken = page.NextPageToken;
                } while (request.PageToken.Length > 0 && datasets.Count < most);
                await WriteAsync(terminal, datasets, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Command Upload(Terminal terminal)
    {
        var folder = new Argument<string>("DIR") { Description = "A dataset folder, as 'prepare' makes it." };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("upload", "Bring a dataset folder; a job file then needs its dataset.fingerprint alone.")
        {
            folder,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var source = parsed.GetValue(folder)!;
                string fingerprint;
                using (var dataset = Dataset.Open(source))
                {
                    fingerprint = dataset.Fingerprint;
                }
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                await JobSubmission.UploadAsync(terminal, connection, source, fingerprint, cancellationToken);
                var request = new GetDatasetRequest { Fingerprint = fingerprint };
                var info = await connection.CallAsync(
                    options => connection.Datasets.GetDatasetAsync(request, options),
                    cancellationToken,
                    s_changeWithin
                );
                await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? MessageJson.Of(info) : $"fingerprint {info.Fingerprint}");
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Command Delete(Terminal terminal)
    {
        var fingerprint = new Argument<string>("FINGERPRINT") { Description = "The dataset's name, as 'datasets list' prints it." };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("delete", "Delete a dataset that no queued, running or suspended job needs.")
        {
            fingerprint,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new DeleteDatasetRequest { Fingerprint = parsed.GetValue(fingerprint) };
                var answer = await connection.CallAsync(
                    options => connection.Datasets.DeleteDatasetAsync(request, options),
                    cancellationToken,
                    s_changeWithin
                );
                await terminal.Out.WriteLineAsync(
                    parsed.GetValue(json) ? MessageJson.Of(answer) : $"dataset {request.Fingerprint} deleted, {Freed(answer.FreedBytes)}"
                );
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static Command Collect(Terminal terminal)
    {
        var age = new Option<TimeSpan>("--older-than")
        {
            Description =
                "Only those that were last used longer ago, such as '36 h' or '10 min'. What was brought a moment ago may be "
                + "about to be used.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (Settings.Duration.TryParse(result.Tokens[0].Value, out var time))
                {
                    return time;
                }
                result.AddError(
                    $"--older-than '{result.Tokens[0].Value}' is no time; write a number and a unit, such as '36 h' or '10 min'"
                );
                return default;
            },
            DefaultValueFactory = _ => TimeSpan.FromDays(1),
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be deleted, and delete nothing." };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("gc", "Delete the datasets that no queued, running or suspended job needs.")
        {
            age,
            dryRun,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new PruneDatasetsRequest
                {
                    OlderThan = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(parsed.GetValue(age)),
                    DryRun = parsed.GetValue(dryRun),
                };
                var answer = await connection.CallAsync(
                    options => connection.Datasets.PruneDatasetsAsync(request, options),
                    cancellationToken,
                    s_changeWithin
                );
                if (parsed.GetValue(json))
                {
                    await terminal.Out.WriteLineAsync(MessageJson.Of(answer));
                    return ExitCodes.Succeeded;
                }
                await WriteAsync(terminal, answer.Datasets, json: false);
                await terminal.Error.WriteLineAsync(
                    $"{Text.Count(answer.Datasets.Count)} {(request.DryRun ? "would be deleted" : "deleted")}, "
                        + $"{Text.Bytes(answer.FreedBytes)} freed"
                );
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static async Task WriteAsync(Terminal terminal, IReadOnlyCollection<DatasetInfo> datasets, bool json)
    {
        if (json)
        {
            foreach (var dataset in datasets)
            {
                await terminal.Out.WriteLineAsync(MessageJson.Of(dataset));
            }
            return;
        }
        if (datasets.Count == 0)
        {
            await terminal.Error.WriteLineAsync("no datasets");
            return;
        }
        await Table.WriteAsync(
            terminal,
            [
                // Its beginning tells it apart on a screen; a pipe gets it whole.
                new("FINGERPRINT", Yield.Text),
                "SIZE",
                "PAIRS",
                new("VOCABULARY", Yield.Whole),
                new("CREATED", Yield.Whole),
                new("LAST USED", Yield.Whole),
                new("NEEDED BY", Yield.Text),
            ],
            [.. datasets.Select(Row)]
        );
    }

    private static string[] Row(DatasetInfo dataset) =>
        [
            dataset.Fingerprint,
            Text.Bytes(dataset.SizeBytes),
            Text.Count(dataset.SentenceCount),
            Text.Count(dataset.VocabularySize),
            At(dataset.CreateTime),
            At(dataset.LastUseTime),
            dataset.Problem.Length > 0 ? $"of no use: {dataset.Problem}"
            : dataset.NeededByJobIds.Count > 0 ? string.Join(", ", dataset.NeededByJobIds)
            : "-",
        ];

    private static string At(Timestamp? time) => time is null ? "-" : Text.Invariant($"{time.ToDateTime():yyyy-MM-dd HH:mm:ss}Z");

    private static string Freed(long bytes) => bytes == 0 ? "nothing freed: another namespace keeps it" : $"{Text.Bytes(bytes)} freed";
}
