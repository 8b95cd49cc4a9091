using System.Text.Json;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A job's story, of a real job whose worker is killed.</summary>
public sealed class ExplainTests
{
    [Fact]
    public async Task Explain_JobWhoseWorkerWasKilled_NamesItWhatWasDoneAndHowItEnded()
    {
        using var workspace = new Workspace();
        var (up, addresses) = await ClusterCommand.UpAsync(workspace);
        await using (up)
        {
            var coordinator = addresses.GetProperty("coordinator").GetProperty("grpc").GetString()!;
            await using var submit = ClusterCommand.Start(
                workspace,
                "submit",
                workspace.WriteJob("long.yaml", steps: 500, "checkpoint: { everySteps: 100 }", "evaluation: { everySteps: 40 }"),
                "--wait",
                "--coordinator",
                coordinator
            );
            await submit.SeeAsync("step 40: BLEU");
            var id = submit.Output.Split(' ')[1];
            var killed = addresses.GetProperty("workers").EnumerateArray().Last();
            ClusterCommand.Signal(killed.GetProperty("pid").GetInt32(), ClusterCommand.SigKill);
            await submit.SeeAsync("lost: ");

            var running = await ExplainAsync(id);
            Assert.StartsWith($"{id}: running\n", running, StringComparison.Ordinal);
            Assert.Contains("\nnow: ", running, StringComparison.Ordinal);
            Assert.Equal(0, (await submit.EndAsync()).ExitCode);

            var story = await ExplainAsync(id);
            Assert.StartsWith($"{id}: succeeded\n", story, StringComparison.Ordinal);
            Assert.All(story.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
            var text = string.Join(' ', story.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains("submitted to the namespace default; trace id ", text, StringComparison.Ordinal);
            Assert.Contains("began with worker-1", text, StringComparison.Ordinal);
            Assert.Matches(
                @"fault at step \d+: worker-2 \(rank \d, 127\.0\.0\.1\): lost: .+ Done: generation \d+ is called with worker-1\.",
                text
            );
            Assert.Matches(
                @"recovered in [\d.]+ s \(noticed after .+, regrouped in .+, state in .+\): goes on from step \d+ with worker-1",
                text
            );
            Assert.Contains("checkpoints were stored, the last of step ", text, StringComparison.Ordinal);
            Assert.Contains("succeeded: all steps are done", text, StringComparison.Ordinal);

            using var json = JsonDocument.Parse(await ExplainAsync(id, "--json"));
            Assert.Contains(
                json.RootElement.GetProperty("story").EnumerateArray(),
                line => line.GetProperty("kind").GetString() == "fault"
            );
            // The same in the coordinator's log: one line, with each part.
            var log = Path.Combine(addresses.GetProperty("folder").GetString()!, "logs", "coordinator.log");
            Assert.Contains(
                await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken),
                line =>
                    line.Contains($"{id}, generation ", StringComparison.Ordinal)
                    && line.Contains("worker-2 (rank ", StringComparison.Ordinal)
            );

            async Task<string> ExplainAsync(params string[] arguments)
            {
                var result = await ClusterCommand.RunAsync(workspace, "", ["explain", .. arguments, "--coordinator", coordinator]);
                Assert.True(result.ExitCode == 0, result.All);
                return result.Output;
            }
        }
    }

    [Fact]
    public async Task Explain_JobThatWaits_SaysForWhatAndWhatHelps()
    {
        using var workspace = new Workspace();
        var (up, addresses) = await ClusterCommand.UpAsync(workspace);
        await using (up)
        {
            var coordinator = addresses.GetProperty("coordinator").GetProperty("grpc").GetString()!;
            var submitted = await ClusterCommand.RunAsync(
                workspace,
                "",
                "submit",
                workspace.WriteJob("big.yaml", steps: 10, "workers: { min: 5, max: 8 }"),
                "--coordinator",
                coordinator
            );
            var id = submitted.Output.Split(' ', '\n')[1];
            var story = await ClusterCommand.RunAsync(workspace, "", "explain", id, "--coordinator", coordinator);
            Assert.True(story.ExitCode == 0, story.All);
            var text = string.Join(' ', story.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            Assert.Matches(@"now: waits [\d.]+ s, place 1 in the queue: needs 5 workers", text);
            Assert.Contains("help: start workers: it needs 5", text, StringComparison.Ordinal);
        }
    }
}
