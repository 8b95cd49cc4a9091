using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Prometheus;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Hosting;

public sealed class HousekeepingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Execute_EndedJobs_AreRemovedWhenTheirTimeIsOver()
    {
        var data = new DataFolder(_folder.Path);
        data.Prepare();
        await using var store = await JobStore.OpenAsync(data.Database, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        async Task AddAsync(string id, long ttl, JobPhase phase, DateTimeOffset? ended)
        {
            var spec = JobSpecDefaults.Fill(new JobSpec { TtlSecondsAfterFinished = ttl });
            var start = JobMachine.Create(id, spec, now);
            await store.CreateAsync(new(0, id, "", spec, now, start.Record, new()), spec);
            await store.SaveAsync(id, start.Record with { Phase = phase, Ended = ended }, new(), []);
            Directory.CreateDirectory(data.Model(id));
        }
        await AddAsync("over", 60, JobPhase.Succeeded, now.AddSeconds(-61));
        await AddAsync("failed-over", 1, JobPhase.Failed, now.AddSeconds(-2));
        await AddAsync("not-yet", 3600, JobPhase.Succeeded, now.AddSeconds(-61));
        await AddAsync("for-ever", 0, JobPhase.Succeeded, now.AddYears(-1));
        await AddAsync("runs", 1, JobPhase.Running, null);

        var metrics = new CoordinatorMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()), TimeProvider.System);
        using var housekeeping = new Housekeeping(
            store,
            new CheckpointLibrary(data, new()),
            metrics,
            TimeProvider.System,
            Options.Create(new ServingOptions()),
            NullLogger<Housekeeping>.Instance
        );
        await housekeeping.StartAsync(CancellationToken.None);
        await ProgramProcess.UntilAsync(
            () => !Directory.Exists(data.Job("over")) && !Directory.Exists(data.Job("failed-over")),
            () => "jobs are still there"
        );
        await housekeeping.StopAsync(CancellationToken.None);

        Assert.Equal(["for-ever", "not-yet", "runs"], (await store.ListAsync(null, JobFilter.All, 10)).Select(j => j.Id).Order());
        Assert.All(["for-ever", "not-yet", "runs"], id => Assert.True(Directory.Exists(data.Model(id))));
    }
}
