using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Coordinator.Tests.Ledger;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs;

public sealed class JobsServiceLedgerTests
{
    /// <summary>A job whose second generation went on from an older checkpoint and did the first epoch to its end.</summary>
    private static async Task<long> AddJobAsync(TestServer server, string fingerprint)
    {
        var spec = JobSpecDefaults.Fill(
            new JobSpec
            {
                Dataset = new() { Fingerprint = fingerprint },
                Training = new() { BatchTokens = 512, Epochs = 1 },
            }
        );
        var steps = Directory.Exists(Path.Combine(server.Data.Datasets, fingerprint)) ? Steps(server, spec) : 9;
        var start = JobMachine.Create("job-1", spec, DateTimeOffset.UnixEpoch);
        await server.Store.CreateAsync(new(0, "job-1", "", spec, DateTimeOffset.UnixEpoch, start.Record, new()), spec);
        await server.Store.SaveAsync(
            "job-1",
            start.Record with
            {
                Generation = 2,
                Phase = JobPhase.Succeeded,
            },
            new() { TotalStepCount = steps },
            [],
            [LedgerLineageTests.Entry(1, 0, 3), LedgerLineageTests.Entry(2, 2, steps, from: 1, workers: "b")]
        );
        return steps;
    }

    private static long Steps(TestServer server, JobSpec spec)
    {
        using var dataset = Dataset.Open(Path.Combine(server.Data.Datasets, spec.Dataset.Fingerprint));
        return spec.PlanTraining(dataset).StepsInEpochs(1);
    }

    [Fact]
    public async Task GetLedger_WithAudit_ProvesEachSentenceUsedOnce()
    {
        await using var server = await TestServer.StartAsync();
        var manifest = TestDataset.AddTo(server.Data);
        var steps = await AddJobAsync(server, manifest.Fingerprint);

        var ledger = await server.Jobs.GetLedgerAsync(new() { Id = "job-1", Audit = true });

        Assert.True(ledger.Audit.Holds, string.Join("; ", ledger.Audit.Findings));
        var epoch = Assert.Single(ledger.Audit.Epochs);
        Assert.Equal((true, steps, ledger.Audit.DatasetSentenceCount), (epoch.Whole, epoch.LastStep, epoch.SentenceCount));
        Assert.Equal(
            [(1, 1, 2, 1), (2, 3, steps, 0)],
            ledger.Generations.Select(g => (g.Generation, g.FirstStep, g.LastStep, g.DiscardedStepCount))
        );
        Assert.Equal(ledger.Audit.DatasetSentenceCount, ledger.Generations.Sum(g => g.SentenceCount));
    }

    [Fact]
    public async Task GetLedger_StoredRecordLost_AuditSaysWhichSteps()
    {
        await using var server = await TestServer.StartAsync();
        await AddJobAsync(server, TestDataset.AddTo(server.Data).Fingerprint);
        var job = (await server.Store.GetAsync("job-1"))!;
        await server.Store.SaveAsync(
            "job-1",
            job.Record with
            {
                Generation = 9,
            },
            job.Progress,
            [],
            [LedgerLineageTests.Entry(9, 5, 9, from: 8)]
        );

        var audit = (await server.Jobs.GetLedgerAsync(new() { Id = "job-1", Audit = true })).Audit;

        Assert.False(audit.Holds);
        Assert.Contains("no generation is recorded for the steps 1 to 5", audit.Findings);
    }

    [Fact]
    public async Task GetLedger_DatasetGoneOrDamaged_RefusesTheAuditOnly()
    {
        await using var server = await TestServer.StartAsync();
        var fingerprint = TestDataset.AddTo(server.Data).Fingerprint;
        await AddJobAsync(server, fingerprint);
        var folder = Path.Combine(server.Data.Datasets, fingerprint);
        var file = Directory.EnumerateFiles(folder, "train.source*").First();
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        var damaged = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Jobs.GetLedgerAsync(new() { Id = "job-1", Audit = true })
        );
        Directory.Delete(folder, recursive: true);
        var gone = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Jobs.GetLedgerAsync(new() { Id = "job-1", Audit = true })
        );

        Assert.Equal((StatusCode.DataLoss, "DATASET_DAMAGED"), (damaged.StatusCode, RpcErrorDetails.Find<ErrorInfo>(damaged)!.Reason));
        Assert.Equal((StatusCode.FailedPrecondition, "DATASET_MISSING"), (gone.StatusCode, RpcErrorDetails.Find<ErrorInfo>(gone)!.Reason));
        Assert.Equal(2, (await server.Jobs.GetLedgerAsync(new() { Id = "job-1" })).Generations.Count);
    }

    [Theory]
    [InlineData("nope", StatusCode.NotFound)]
    [InlineData("", StatusCode.InvalidArgument)]
    public async Task GetLedger_NoSuchJob_IsRefused(string id, StatusCode code)
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.GetLedgerAsync(new() { Id = id }));
        Assert.Equal(code, error.StatusCode);
    }
}
