using System.Text;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Paging;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>What clients of the API send beside messages: filters and tokens; and events of older stores.</summary>
internal static class ApiTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "job-filter",
            Read = input => JobFilter.Parse(Encoding.UTF8.GetString(input)),
            IsRefusal = error => error is FilterException,
            Seeds = () =>
                new[]
                {
                    "state = RUNNING AND (labels.team = \"nlp\" OR priority > 5)",
                    "NOT labels.\"example.com/tier\":* AND create_time <= 2026-01-31T12:00:00Z",
                    "(name != a OR owner = \"\") AND namespace = lab",
                }.Select(Encoding.UTF8.GetBytes),
            IsText = true,
            Words = ["AND", "OR", "NOT", "(", ")", "labels.", "state", "=", "!=", ":*", "\"", "\\"],
            AllocatedAlways = 512 * 1024,
            // Each condition becomes a part of the SQL of those around it.
            AllocatedPerByte = 4096,
        },
        new()
        {
            Name = "page-token",
            Read = input => NumberToken.Read("page_token", Encoding.UTF8.GetString(input), "list", 100, "pass another"),
            IsRefusal = error => error is RpcException { StatusCode: StatusCode.InvalidArgument },
            Seeds = () => [Encoding.UTF8.GetBytes(NumberToken.Of("list", 7))],
            IsText = true,
            AllocatedAlways = 256 * 1024,
        },
        new()
        {
            Name = "older-event",
            Read = input => EventMigration.Event(input),
            Seeds = () =>
                [
                    new JobEvent
                    {
                        JobId = "job-1",
                        Evaluation = new() { Bleu = 1, Duration = ProtoDurations.OfSeconds(1.5) },
                    }.ToByteArray(),
                    // Field 1 of a log was the severity's word.
                    new JobEvent { Log = new() { Text = "x" } }.ToByteArray(),
                ],
            // Two bytes may begin an object anew.
            AllocatedPerByte = 1024,
        },
    ];
}
