using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Cli.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>update</c>: changes what may change of a job that waits or runs.</summary>
internal static class UpdateCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var priority = new NumberOption<int?>("--priority", null, null)
        {
            Description = "Its place in the queue: a greater number goes first, -1000 to 1000.",
        };
        var workers = new NumberOption<int?>("--max-workers", 1, null)
        {
            Description = "The job uses at most so many workers; those above leave at the end of a step.",
        };
        var labels = new LabelOption("Set a label; may be given several times.");
        var removed = new Option<string[]>("--remove-label")
        {
            Description = "Take a label away; may be given several times.",
            HelpName = "KEY",
            DefaultValueFactory = _ => [],
        };
        var etag = new Option<string>("--etag")
        {
            Description = "Only if the job is still as it was when 'get --json' printed this etag.",
            HelpName = "ETAG",
            DefaultValueFactory = _ => "",
        };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("update", "Change the priority, the most workers or the labels of a job.")
        {
            id,
            priority,
            workers,
            labels,
            removed,
            etag,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var request = Request(
                    parsed.GetValue(priority),
                    parsed.GetValue(workers),
                    parsed.GetValue(labels)!,
                    parsed.GetValue(removed)!
                );
                (request.Job.Id, request.Job.Etag) = (parsed.GetValue(id)!, parsed.GetValue(etag)!);
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var job = await connection.CallAsync(options => connection.Jobs.UpdateJobAsync(request, options), cancellationToken);
                await GetCommand.WriteAsync(terminal, job, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static UpdateJobRequest Request(
        int? priority,
        int? workers,
        IReadOnlyList<KeyValuePair<string, string>> labels,
        IReadOnlyList<string> removed
    )
    {
        var spec = new JobSpec();
        var mask = new FieldMask();
        if (priority is { } number)
        {
            spec.Priority = number;
            mask.Paths.Add("spec.priority");
        }
        if (workers is { } most)
        {
            spec.Workers = new() { Max = most };
            mask.Paths.Add("spec.workers.max");
        }
        mask.Paths.AddRange(
            labels.Select(label => label.Key).Concat(removed).Distinct(StringComparer.Ordinal).Select(key => $"labels.{key}")
        );
        return mask.Paths.Count > 0
            ? new()
            {
                Job = new() { Spec = spec, Labels = { labels.ToDictionary() } },
                UpdateMask = mask,
            }
            : throw CliException.BadUsage("nothing to change: give --priority, --max-workers, --label or --remove-label");
    }
}
