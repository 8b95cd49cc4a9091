using System.Text;
using Google.Protobuf;
using TrainingCluster.Errors;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Jobs;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Job files and specifications, and the text of single settings.</summary>
internal static class JobTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "job-yaml",
            Read = input =>
            {
                var read = JobYaml.Parse(Encoding.UTF8.GetString(input));
                Judge(read.Spec, read.Violations);
            },
            Seeds = () =>
                Directory.EnumerateFiles(Repository.At("examples"), "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
            IsText = true,
            Words =
            [
                "&a ",
                "*a",
                "? ",
                ": ",
                "- ",
                "|\n  ",
                ">-\n ",
                "---\n",
                "...\n",
                "!!str ",
                "%YAML 1.2\n",
                "<<: *a\n",
                "model: {",
                "seed: ",
            ],
            // The YAML library's nodes.
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 4096,
        },
        new()
        {
            Name = "job-spec",
            Read = input =>
            {
                var spec = JobSpec.Parser.ParseFrom(input);
                Judge(spec, JobSpecValidator.Validate(spec));
            },
            IsRefusal = error => error is InvalidProtocolBufferException,
            Seeds = () =>
                [
                    JobSpecDefaults.Fill(new JobSpec()).ToByteArray(),
                    new JobSpec
                    {
                        Dataset = new() { Source = "a", Target = "b" },
                    }.ToByteArray(),
                ],
            AllocatedAlways = 256 * 1024,
            AllocatedPerByte = 256,
        },
        new()
        {
            Name = "setting",
            Read = input =>
            {
                var text = Encoding.UTF8.GetString(input);
                var spec = new JobSpec();
                foreach (var setting in JobSettings.All)
                {
                    if (setting.Parse(text) is { } value)
                    {
                        setting.Set(spec, value);
                    }
                }
                Judge(spec, JobSpecValidator.Validate(spec));
            },
            Seeds = () => new[] { "8", "0.25", "1e-3", "true", "transformer", "dates-1" }.Select(Encoding.UTF8.GetBytes),
            IsText = true,
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 1024,
        },
    ];

    /// <summary>A specification that holds is one that models are made of; of another one can be said why it does not.</summary>
    private static void Judge(JobSpec spec, IReadOnlyList<SpecViolation> violations)
    {
        if (violations.Count == 0)
        {
            JobSpecDefaults.Fill(spec).Model.ToOptions();
            return;
        }
        foreach (var violation in violations)
        {
            _ = violation.ToString();
        }
        _ = RpcErrors.InvalidSpec(violations);
    }
}
