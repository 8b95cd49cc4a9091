using Google.Protobuf.Reflection;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Jobs;

public class JobSpecDefaultsTests
{
    [Fact]
    public void Fill_EmptySpec_SetsEveryFieldThatHasADefault()
    {
        var filled = JobSpecDefaults.Fill(new JobSpec());

        string[] withoutDefault =
        [
            "dataset.fingerprint",
            "dataset.source",
            "dataset.target",
            "dataset.validSource",
            "dataset.validTarget",
            "training.steps",
        ];
        Assert.Equal(withoutDefault.Order(), Unset(filled, "").Order());
    }

    [Fact]
    public void Fill_FilledFields_AreKept()
    {
        var spec = new JobSpec
        {
            Name = "mine",
            Seed = 7,
            Training = new() { Steps = 3, Epsilon = 0.5 },
            Workers = new() { Max = 2 },
        };

        var filled = JobSpecDefaults.Fill(spec);

        Assert.Equal(
            ("mine", 7UL, 3L, 0.5, 2),
            (filled.Name, filled.Seed, filled.Training.Steps, filled.Training.Epsilon, filled.Workers.Max)
        );
        Assert.False(filled.Training.HasEpochs);
    }

    [Fact]
    public void Fill_Twice_ChangesNothingMore()
    {
        var once = JobSpecDefaults.Fill(new JobSpec());
        Assert.Equal(once, JobSpecDefaults.Fill(once));
    }

    [Fact]
    public void Fill_LogicalShardsGiven_AreTheGreatestNumberOfWorkers() =>
        Assert.Equal(16, JobSpecDefaults.Fill(new JobSpec { Training = new() { LogicalShards = 16 } }).Workers.Max);

    private static IEnumerable<string> Unset(Google.Protobuf.IMessage message, string path)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var name = path + field.JsonName;
            if (field.FieldType == FieldType.Message)
            {
                if (field.Accessor.GetValue(message) is Google.Protobuf.IMessage child)
                {
                    foreach (var inner in Unset(child, name + "."))
                    {
                        yield return inner;
                    }
                }
                else
                {
                    yield return name;
                }
            }
            else if (!field.Accessor.HasValue(message))
            {
                yield return name;
            }
        }
    }
}
