using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary>
/// <c>ledger</c>: which generation computed which micro-batches, and the proof that every sentence was used once an epoch.
/// </summary>
internal static class LedgerCommand
{
    // The coordinator reads the whole dataset for it, and plans every epoch anew.
    private static readonly TimeSpan s_auditWithin = TimeSpan.FromMinutes(10);

    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var plain = new Option<bool>("--no-audit") { Description = "Show the record alone; needs no dataset." };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command(
            "ledger",
            "Show which generation computed which micro-batches, and audit that each sentence was used exactly once an epoch (status "
                + "1: it was not)."
        )
        {
            id,
            plain,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new GetLedgerRequest { Id = parsed.GetValue(id), Audit = !parsed.GetValue(plain) };
                var ledger = await connection.CallAsync(
                    options => connection.Jobs.GetLedgerAsync(request, options),
                    cancellationToken,
                    request.Audit ? s_auditWithin : null
                );
                if (parsed.GetValue(json))
                {
                    await terminal.Out.WriteLineAsync(MessageJson.Of(ledger));
                    if (ledger.Audit is { Holds: false } audit)
                    {
                        throw new CliException($"the audit of job {ledger.JobId} does not hold: {audit.Findings.Count} findings")
                        {
                            Code = "AUDIT_FAILED",
                        };
                    }
                }
                else
                {
                    await WriteAsync(terminal, ledger);
                }
                return ledger.Audit is { Holds: false } ? ExitCodes.Failed : ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static async Task WriteAsync(Terminal terminal, JobLedger ledger)
    {
        var output = terminal.Out;
        await Table.WriteAsync(
            terminal,
            [
                "GENERATION",
                new("FROM", Yield.Text),
                "STEPS",
                new("MICRO-BATCHES", Yield.Whole),
                new("SENTENCES", Yield.Whole),
                new("DISCARDED", Yield.Whole),
                new("AGAIN", Yield.Whole),
                new("SHARDS", Yield.Text),
                new("REASON", Yield.Text),
            ],
            [.. ledger.Generations.Select(generation => Row(generation, ledger.Audit is not null))]
        );
        if (ledger.Audit is not { } audit)
        {
            return;
        }
        await output.WriteLineAsync();
        foreach (var epoch in audit.Epochs)
        {
            var times = epoch.RepeatedSentenceCount == 0 ? "each once" : $"{Text.Count(epoch.RepeatedSentenceCount)} more than once";
            await output.WriteLineAsync(
                $"epoch {epoch.Epoch}: {Steps(epoch.FirstStep, epoch.LastStep)}, {Text.Count(epoch.SentenceCount)} of "
                    + $"{Text.Count(audit.DatasetSentenceCount)} sentences, {times}{(epoch.Whole ? "" : " (not whole)")}"
            );
        }
        if (audit.SkippedStepCount > 0)
        {
            await output.WriteLineAsync($"{audit.SkippedStepCount} steps changed nothing: their loss or gradient was NaN or Inf");
        }
        foreach (var finding in audit.Findings)
        {
            await output.WriteLineAsync($"finding: {finding}");
        }
        var whole = audit.Epochs.Count(epoch => epoch.Whole);
        await output.WriteLineAsync(
            audit.Holds
                ? $"the audit holds: each step up to {ledger.LastStep} is one generation's, and each sentence was used exactly once "
                    + $"in {whole} whole epoch{(whole == 1 ? "" : "s")}"
                : "the audit does not hold"
        );
    }

    private static string[] Row(LedgerGeneration generation, bool audited) =>
        [
            $"{generation.Generation}",
            From(generation),
            Steps(generation.FirstStep, generation.LastStep),
            Text.Count(generation.MicroBatchCount),
            audited ? Text.Count(generation.SentenceCount) : "-",
            Text.Count(generation.DiscardedStepCount),
            Text.Count(generation.RepeatedStepCount),
            string.Join(", ", generation.Members.Select(member => $"{member.WorkerId}: {Shards(member)}")),
            generation.Reason,
        ];

    private static string From(LedgerGeneration generation) =>
        generation switch
        {
            { BaseStep: 0 } => "seed",
            { CheckpointId.Length: > 0 } => $"checkpoint {generation.CheckpointId} of {generation.BaseGeneration}",
            { BaseGeneration: 0 } => $"step {generation.BaseStep}, not recorded",
            _ => $"step {generation.BaseStep} of {generation.BaseGeneration}",
        };

    private static string Steps(long first, long last) => first == 0 ? "none" : $"{first}-{last}";

    private static string Shards(LedgerMember member) =>
        member.ShardCount == 1 ? $"{member.FirstShard}" : $"{member.FirstShard}-{member.FirstShard + member.ShardCount - 1}";
}
