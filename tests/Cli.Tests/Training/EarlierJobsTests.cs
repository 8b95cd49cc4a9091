using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Training;

public sealed class EarlierJobsTests
{
    [Theory]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Running)]
    [InlineData(JobState.Succeeded)]
    public async Task Find_TheSameJob_IsGoneOnWith(JobState state)
    {
        // Its text came by another path, and every field is filled in.
        var (found, said) = await FindAsync(Spec(), Job("job-1", Spec(source: "/dev/fd/63"), state));
        Assert.Equal("job-1", found?.Id);
        Assert.Contains("W holds the same job from an earlier run, job-1", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Running)]
    public async Task Find_AnotherJobThatHasTheWorkers_IsNamed(JobState state)
    {
        var error = await Assert.ThrowsAsync<CliException>(() =>
            FindAsync(Spec(), Job("job-2", Spec(seed: 2), state), Job("job-1", Spec(), JobState.Succeeded))
        );
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        Assert.Contains("job job-2 of an earlier run has the workers", error.Message, StringComparison.Ordinal);
        Assert.Contains("'./cluster cancel job-2'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_OtherJobsThatNeedNoWorkers_AreInNobodysWay()
    {
        var (found, said) = await FindAsync(
            Spec(),
            Job("job-2", Spec(seed: 2), JobState.Suspended),
            Job("job-1", Spec(fingerprint: 'b'), JobState.Succeeded)
        );
        Assert.Null(found);
        Assert.Equal("", said);
    }

    private static JobSpec Spec(ulong seed = 1, char fingerprint = 'a', string source = "train.de") =>
        new()
        {
            Name = "train",
            Seed = seed,
            Dataset = new DatasetSpec { Fingerprint = new string(fingerprint, 64), Source = source },
        };

    private static Job Job(string id, JobSpec spec, JobState state) =>
        new()
        {
            Id = id,
            Spec = JobSpecDefaults.Fill(spec),
            State = state,
        };

    private static async Task<(Job? Found, string Said)> FindAsync(JobSpec spec, params Job[] jobs)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                List = request => new ListJobsResponse
                {
                    Jobs =
                    {
                        jobs.Where(job =>
                            request.Filter.Contains($"state = {job.State.ToString().ToUpperInvariant()}", StringComparison.Ordinal)
                        ),
                    },
                },
            }
        );
        using var connection = new ClusterConnection(coordinator.Address, TimeProvider.System);
        using var said = new StringWriter();
        var terminal = Terminal.OfProcess() with { Error = said };
        var found = await EarlierJobs.FindAsync(terminal, connection, spec, "W", TestContext.Current.CancellationToken);
        return (found, said.ToString());
    }
}
