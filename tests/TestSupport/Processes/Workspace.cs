using System.Text.RegularExpressions;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.TestSupport;

/// <summary>A folder of the test's own with a small corpus; the commands' temporary folder is inside.</summary>
internal sealed class Workspace : IDisposable
{
    public Workspace()
    {
        Path = Directory.CreateTempSubdirectory("cluster-e2e-").FullName;
        Directory.CreateDirectory(Temporary);
        var dates = DatesTask.Split(seed: 7, train: 400, validation: 24, heldOut: 10);
        Write("train.source", dates.Train.Select(pair => pair.Source));
        Write("train.target", dates.Train.Select(pair => pair.Target));
        Write("valid.source", dates.Validation.Select(pair => pair.Source));
        Write("valid.target", dates.Validation.Select(pair => pair.Target));
    }

    public string Path { get; }

    /// <summary>What commands take for /tmp: empty when they have cleaned up.</summary>
    public string Temporary => At("tmp");

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, IEnumerable<string> lines)
    {
        File.WriteAllText(At(name), string.Concat(lines.Select(line => line + "\n")));
        return At(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>The arguments of a training run that takes seconds.</summary>
    public string[] Train(string output, int workers, int steps = 80, params string[] more) =>
        [
            "train",
            "--source",
            At("train.source"),
            "--target",
            At("train.target"),
            "--valid-source",
            At("valid.source"),
            "--valid-target",
            At("valid.target"),
            "--out",
            At(output),
            "--workers",
            $"{workers}",
            "--vocabulary",
            "320",
            "--d-model",
            "32",
            "--heads",
            "2",
            "--layers",
            "1",
            "--feed-forward",
            "64",
            "--batch-tokens",
            "1024",
            "--steps",
            $"{steps}",
            "--warmup-steps",
            "20",
            "--evaluate-every",
            $"{steps / 2}",
            "--seed",
            "3",
            .. more,
        ];

    /// <summary>More arguments of a training run, for events as JSON and frequent checkpoints.</summary>
    public string[] WithCheckpoints() => ["--json", "--job", Write("checkpoints.yaml", ["checkpoint: { everySteps: 60 }"])];

    /// <summary>The folder with which a training run that was broken off goes on, as its last words say.</summary>
    public string KeptFolder(Tool.Result result)
    {
        var help = Regex.Match(
            result.Error,
            @"step \d+ is kept, or a newer one: the same command with --work-dir (\S+) goes on from there"
        );
        Assert.True(System.IO.Path.GetDirectoryName(help.Groups[1].Value) == Temporary, result.All);
        return help.Groups[1].Value;
    }

    /// <summary>The same job as a file. A long one is scored less often: scores take more time than its steps.</summary>
    public string WriteJob(string name = "job.yaml", int steps = 80, params string[] more) =>
        Write(
            name,
            [
                "name: tiny",
                "seed: 3",
                "dataset: { source: train.source, target: train.target, validSource: valid.source, validTarget: valid.target, "
                    + "vocabularySize: 320 }",
                "model: { dModel: 32, heads: 2, layers: 1, feedForward: 64 }",
                $"training: {{ steps: {steps}, batchTokens: 1024, warmupSteps: 20 }}",
                .. more.Any(line => line.StartsWith("evaluation:", StringComparison.Ordinal))
                    ? []
                    : new[] { $"evaluation: {{ everySteps: {(steps > 240 ? 200 : 40)} }}" },
                .. more,
            ]
        );
}
