using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class LedgerCommandTests
{
    private static JobLedger Ledger(GetLedgerRequest request, params string[] findings)
    {
        var ledger = new JobLedger
        {
            JobId = request.Id,
            LastStep = 9,
            Generations =
            {
                new LedgerGeneration
                {
                    Generation = 1,
                    FirstStep = 1,
                    LastStep = 4,
                    MicroBatchCount = 32,
                    SentenceCount = 1200,
                    DiscardedStepCount = 3,
                    Reason = "2 workers are there",
                    Members =
                    {
                        new LedgerMember { WorkerId = "a", ShardCount = 4 },
                        new LedgerMember
                        {
                            WorkerId = "b",
                            FirstShard = 4,
                            ShardCount = 4,
                        },
                    },
                },
                new LedgerGeneration
                {
                    Generation = 2,
                    BaseStep = 4,
                    BaseGeneration = 1,
                    CheckpointId = "4",
                    FirstStep = 5,
                    LastStep = 9,
                    MicroBatchCount = 40,
                    RepeatedStepCount = 3,
                    Reason = "lost b",
                    Members =
                    {
                        new LedgerMember { WorkerId = "a", ShardCount = 8 },
                    },
                },
            },
        };
        if (request.Audit)
        {
            ledger.Audit = new LedgerAudit
            {
                Holds = findings.Length == 0,
                DatasetSentenceCount = 1500,
                Findings = { findings },
            };
            ledger.Audit.Epochs.Add(
                new LedgerEpoch
                {
                    FirstStep = 1,
                    LastStep = 9,
                    Whole = true,
                    SentenceCount = 1500,
                }
            );
        }
        return ledger;
    }

    private static async Task<Session> RunAsync(Func<GetLedgerRequest, JobLedger> answer, params string[] args)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(new() { Ledger = answer });
        return await Session.RunAsync(["ledger", "job-1", .. args, "--coordinator", coordinator.Address]);
    }

    [Fact]
    public async Task Ledger_AuditHolds_ShowsGenerationsAndEpochs()
    {
        var session = await RunAsync(request => Ledger(request));
        Assert.Equal(0, session.ExitCode);
        var lines = session.Out.TrimEnd().Split('\n');
        Assert.Equal(
            ["1", "seed", "1-4", "32", "1,200", "3", "0", "a: 0-3, b: 4-7", "2 workers are there"],
            lines[1].Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(cell => cell.Trim())
        );
        Assert.Contains("checkpoint 4 of 1", lines[2], StringComparison.Ordinal);
        Assert.Contains("epoch 0: 1-9, 1,500 of 1,500 sentences, each once", lines);
        Assert.StartsWith("the audit holds: each step up to 9", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_AuditDoesNotHold_NamesTheFindingsAndReturnsOne()
    {
        var session = await RunAsync(request => Ledger(request, "3 sentences of epoch 0 were not used"));
        Assert.Equal(1, session.ExitCode);
        Assert.Contains("finding: 3 sentences of epoch 0 were not used", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_WithoutAuditAsJson_AsksForNoneAndPrintsTheMessage()
    {
        var session = await RunAsync(request => Ledger(request), "--no-audit", "--json");
        Assert.Equal(0, session.ExitCode);
        var ledger = JobLedger.Parser.ParseJson(Assert.Single(session.Out.TrimEnd().Split('\n')));
        Assert.Null(ledger.Audit);
        Assert.Equal(["job-1"], [ledger.JobId]);
    }
}
