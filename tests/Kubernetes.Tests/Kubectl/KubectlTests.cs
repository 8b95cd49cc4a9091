using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests;
using TrainingCluster.Kubernetes.Tests.Controller;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Kubectl;

/// <summary>What people type, by the kubectl that they have.</summary>
public sealed class KubectlTests
{
    [Fact]
    public async Task Commands_OfAJobsWholeLife_WorkAsForAnyOtherObject()
    {
        await using var world = await ControllerWorld.StartAsync();
        using var kubectl = new Kubectl(world.Api.Url);
        await kubectl.RunAsync("apply", "--server-side", "-f", Repository.At("deploy", "k8s", "crd", "trainingjobs.yaml"));
        await kubectl.RunAsync("wait", "--for=condition=Established", "crd/trainingjobs.training.cluster", "--timeout=60s");

        await WriteAsync(
            kubectl,
            "job.yaml",
            Yaml("dates", $"dataset:\n    fingerprint: {TestDataset.Fingerprint}\n  training:\n    steps: 100")
        );
        Assert.Contains(
            "trainingjob.training.cluster/dates serverside-applied",
            await kubectl.RunAsync("apply", "--server-side", "-f", kubectl.At("job.yaml")),
            StringComparison.Ordinal
        );
        await kubectl.RunAsync("wait", "--for=condition=Queued", "tj/dates", "--timeout=60s");

        var job = await world.JobAsync("dates");
        await world.SaveAsync(
            job.Id,
            record =>
                record with
                {
                    Phase = JobPhase.Running,
                    Reason = "trains",
                    Started = TimeProvider.System.GetUtcNow(),
                    Generation = 1,
                },
            new JobProgress
            {
                Step = 40,
                TotalStepCount = 100,
                WorkerCount = 2,
                Loss = 1.5,
                BestBleu = 12.5,
                EvaluatedStep = 40,
                RemainingDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(60)),
            },
            new JobEvent
            {
                Generation = new()
                {
                    Generation = 1,
                    Workers = { "a", "b" },
                    Cause = GenerationCause.Start,
                },
            }
        );
        await kubectl.RunAsync("wait", "--for=condition=Running", "tj/dates", "--timeout=60s");
        var lines = (await kubectl.RunAsync("get", "tj")).Split('\n');
        Assert.Equal(["NAME", "STATE", "STEP", "PERCENT", "LOSS", "BLEU", "WORKERS", "END", "AGE"], Words(lines[0]));
        Assert.Equal(["dates", "Running", "40", "40", "1.5", "12.5", "2", "60s"], Words(lines[1])[..8]);

        var described = await kubectl.RunAsync("describe", "tj", "dates");
        Assert.Contains("Rendezvous", described, StringComparison.Ordinal);
        Assert.Contains("generation 1: 2 workers (a, b) train from step 0", described, StringComparison.Ordinal);

        // The same file again changes nothing; another priority is no conflict with what the coordinator has written.
        await kubectl.RunAsync("apply", "--server-side", "-f", kubectl.At("job.yaml"));
        await kubectl.RunAsync("patch", "tj", "dates", "--type=merge", "-p", """{"spec":{"suspend":true}}""");
        await kubectl.RunAsync("wait", "--for=condition=Suspended", "tj/dates", "--timeout=60s");
        await kubectl.RunAsync("delete", "tj", "dates", "--timeout=60s");
        Assert.Contains("No resources found", (await kubectl.TryAsync("get", "tj")).All, StringComparison.Ordinal);
        Assert.Null(await world.Store.GetAsync(job.Id));
    }

    [Fact]
    public async Task Explain_OfASetting_SaysItsHelpItsDefaultAndItsChoices()
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        using var kubectl = new Kubectl(world.Api.Url);
        var norm = await kubectl.RunAsync("explain", "tj.spec.model.norm");
        Assert.Contains(
            "Layer normalisation before each sublayer, or after each residual. Default: pre.",
            string.Join(' ', Words(norm)),
            StringComparison.Ordinal
        );
        Assert.Contains("ENUM:", norm, StringComparison.Ordinal);
        var spec = await kubectl.RunAsync("explain", "trainingjob.spec");
        Assert.All(
            (string[])["dataset", "suspend", "priority", "activeDeadlineSeconds", "workers"],
            name => Assert.Contains(name, spec, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("colour: blue", "unknown field \"spec.colour\"")]
    [InlineData("training:\n    steps: 10\n    epochs: 2", "give one of steps and epochs")]
    [InlineData("model:\n    heads: 3", "heads must divide dModel")]
    [InlineData("training:\n    logicalShards: 6", "is no power of two")]
    [InlineData("training:\n    learningRate: fast", "must be of type number")]
    [InlineData("priority: 2000", "should be less than or equal to 1000")]
    [InlineData("workers:\n    max: 64", "raise training.logicalShards")]
    public async Task Apply_OfBadInput_IsRefusedWithTheFieldAndWhatHelps(string line, string expected)
    {
        await using var world = await ControllerWorld.StartAsync(start: false);
        using var kubectl = new Kubectl(world.Api.Url);
        await WriteAsync(kubectl, "job.yaml", Yaml("bad", $"dataset:\n    fingerprint: {TestDataset.Fingerprint}\n  {line}"));
        var result = await kubectl.TryAsync("apply", "--server-side", "-f", kubectl.At("job.yaml"));
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(expected, result.All, StringComparison.Ordinal);
        Assert.Null(world.Item("bad"));
    }

    [Fact]
    public async Task Edit_OfARunningJob_IsRefusedWhereTheJobCannotFollow()
    {
        await using var world = await ControllerWorld.StartAsync();
        using var kubectl = new Kubectl(world.Api.Url);
        await world.CreateAsync("fixed");
        await world.JobAsync("fixed");
        var result = await kubectl.TryAsync("patch", "tj", "fixed", "--type=merge", "-p", """{"spec":{"seed":7}}""");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(
            "seed cannot change: suspend, priority, workers.max and ttlSecondsAfterFinished can",
            result.All,
            StringComparison.Ordinal
        );
    }

    private static Task WriteAsync(Kubectl kubectl, string name, string text) =>
        File.WriteAllTextAsync(kubectl.At(name), text, TestContext.Current.CancellationToken);

    private static string Yaml(string name, string spec) =>
        $"apiVersion: training.cluster/v1alpha1\nkind: TrainingJob\nmetadata:\n  name: {name}\nspec:\n  {spec}\n";

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
