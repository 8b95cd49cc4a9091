using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>jobs</c>: the jobs that a coordinator knows, newest first.</summary>
internal static class JobsCommand
{
    private const int PageSize = 100;

    public static Command Create(Terminal terminal)
    {
        var states = new Option<JobState[]>("--state")
        {
            Description = "Only jobs in this state; may be given several times.",
            HelpName = "STATE",
            DefaultValueFactory = _ => [],
        };
        var filter = new Option<string>("--filter")
        {
            Description = "Only jobs that match, as in 'labels.team = nlp AND priority > 5': see docs/api.md.",
            HelpName = "FILTER",
            DefaultValueFactory = _ => "",
        };
        var limit = new NumberOption<int>("--limit", 1, null) { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("jobs", "List jobs, newest first.") { states, filter, limit, coordinator, json };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    terminal,
                    FilterOf(parsed.GetValue(states)!, parsed.GetValue(filter)!),
                    parsed.GetValue(limit),
                    parsed.GetValue(coordinator)!,
                    parsed.GetValue(json),
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        string filter,
        int limit,
        string coordinator,
        bool json,
        CancellationToken cancellationToken
    )
    {
        using var connection = new ClusterConnection(coordinator, terminal.Time);
        var jobs = new List<Job>();
        var request = new ListJobsRequest { Filter = filter };
        do
        {
            request.PageSize = Math.Min(PageSize, limit - jobs.Count);
            var page = await connection.CallAsync(options => connection.Jobs.ListJobsAsync(request, options), cancellationToken);
            jobs.AddRange(page.Jobs);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && jobs.Count < limit);

        if (json)
        {
            foreach (var job in jobs)
            {
                await terminal.Out.WriteLineAsync(MessageJson.Of(job));
            }
        }
        else if (jobs.Count == 0)
        {
            await terminal.Error.WriteLineAsync("no jobs");
        }
        else
        {
            await Table.WriteAsync(
                terminal,
                [
                    "ID",
                    new("NAME", Yield.Whole),
                    "STATE",
                    "STEP",
                    new("LOSS", Yield.Whole),
                    new("BLEU", Yield.Whole),
                    new("CREATED", Yield.Whole),
                    new("REASON", Yield.Text),
                ],
                [.. jobs.Select(Row)]
            );
        }
        return ExitCodes.Succeeded;
    }

    /// <summary>Jobs in one of the states that match the filter as well.</summary>
    private static string FilterOf(JobState[] states, string filter)
    {
        var among = string.Join(" OR ", states.Select(state => $"state = {state.ToString().ToUpperInvariant()}"));
        return (among, filter) switch
        {
            ("", _) => filter,
            (_, "") => among,
            _ => $"({among}) AND ({filter})",
        };
    }

    private static string[] Row(Job job)
    {
        var progress = job.Progress ?? new JobProgress();
        var total = progress.TotalStepCount > 0 ? $"/{progress.TotalStepCount}" : "";
        return
        [
            job.Id,
            job.Spec.Name,
            job.State.Word(),
            $"{progress.Step}{total}",
            progress.Step > 0 ? Text.Invariant($"{progress.Loss:F3}") : "-",
            progress.BestBleu > 0 ? Text.Invariant($"{progress.BestBleu:F2}") : "-",
            job.CreateTime is { } created ? Text.Invariant($"{created.ToDateTime():yyyy-MM-dd HH:mm:ss}Z") : "-",
            // Of the others the state says enough here.
            job.State == JobState.Queued
                ? job.Reason
                : "",
        ];
    }
}
