using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class JobsCommandTests
{
    [Fact]
    public async Task Jobs_OverSeveralPages_ListsUpToTheLimit()
    {
        var asked = new List<(int, string)>();
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                List = request =>
                {
                    asked.Add((request.PageSize, request.PageToken));
                    var first = int.Parse("0" + request.PageToken, null);
                    var page = new ListJobsResponse { NextPageToken = $"{first + 2}" };
                    for (var i = first; i < first + Math.Min(2, request.PageSize); i++)
                    {
                        page.Jobs.Add(
                            new Job
                            {
                                Id = $"job-{i}",
                                Spec = new JobSpec { Name = "n" },
                                State = JobState.Running,
                            }
                        );
                    }
                    return page;
                },
            }
        );
        var session = await Session.RunAsync("jobs", "--limit", "5", "--coordinator", coordinator.Address);
        Assert.Equal(0, session.ExitCode);
        var lines = session.Out.TrimEnd().Split('\n');
        Assert.StartsWith("ID", lines[0], StringComparison.Ordinal);
        Assert.Equal(["job-0", "job-1", "job-2", "job-3", "job-4"], lines[1..].Select(line => line.Split(' ')[0]));
        Assert.Equal([(5, ""), (3, "2"), (1, "4")], asked);
    }

    [Fact]
    public async Task Jobs_AsJson_IsAJobALine()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                List = _ => new ListJobsResponse
                {
                    Jobs =
                    {
                        new Job
                        {
                            Id = "job-1",
                            State = JobState.Failed,
                            Reason = "no data",
                        },
                    },
                },
            }
        );
        var session = await Session.RunAsync("jobs", "--json", "--coordinator", coordinator.Address);
        var job = Job.Parser.ParseJson(Assert.Single(session.Out.TrimEnd().Split('\n')));
        Assert.Equal((JobState.Failed, "no data"), (job.State, job.Reason));
    }
}
