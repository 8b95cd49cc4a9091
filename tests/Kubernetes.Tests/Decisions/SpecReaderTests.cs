using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Kubernetes.Tests.Decisions;

public sealed class SpecReaderTests
{
    [Theory]
    [InlineData("""{"dataset":{"fingerprint":"F"},"activeDeadlineSeconds":0}""", "spec.activeDeadlineSeconds: '0' is out of range")]
    [InlineData(
        """{"dataset":{"fingerprint":"F"},"ttlSecondsAfterFinished":"1"}""",
        "spec.ttlSecondsAfterFinished: '\"1\"' is out of range"
    )]
    [InlineData("""{"dataset":{"fingerprint":"F"},"deadlineSeconds":5}""", "use activeDeadlineSeconds")]
    [InlineData("""{"dataset":{"fingerprint":"F"},"name":"x"}""", "spec.name: is no known field")]
    [InlineData("""{"dataset":{"fingerprint":"F"},"managedBy":5}""", "spec.managedBy: '5' has the wrong type")]
    [InlineData(
        """{"dataset":{"fingerprint":"F","volume":{"name":"v"},"source":"a","target":"b"}}""",
        "give one of fingerprint, configMap and volume"
    )]
    [InlineData("""{"dataset":{"configMap":{"name":"m","key":"k"},"source":"a","target":"b"}}""", "spec.dataset.configMap:")]
    [InlineData("""{"dataset":{"volume":{"name":"../etc"},"source":"a","target":"b"}}""", "spec.dataset.volume:")]
    [InlineData("""{"dataset":{"source":"a","target":"b"}}""", "give one of fingerprint, configMap and volume")]
    [InlineData(
        """{"dataset":{"fingerprint":"F"},"training":{"stepz":1}}""",
        "spec.training.stepz: is no known field; did you mean steps?"
    )]
    public void Read_BadInput_NamesTheFieldAndWhatHelps(string spec, string expected) =>
        Assert.Contains(expected, Read(spec).Problem, StringComparison.Ordinal);

    [Fact]
    public void Read_AllThatKubernetesHasItsOwnWordFor_StandsWhereTheJobHasIt()
    {
        var read = Read(
            """
            {"dataset":{"fingerprint":"F"},"activeDeadlineSeconds":60,"ttlSecondsAfterFinished":5,"priority":3,"suspend":true,
            "workers":{"min":1,"max":2}}
            """
        );
        Assert.Empty(read.Violations);
        Assert.Equal((60L, 3, true, 2), (read.Job.DeadlineSeconds, read.Job.Priority, read.Job.Suspend, read.Job.Workers.Max));
        Assert.Equal(TimeSpan.FromSeconds(5), read.Ttl);
    }

    [Theory]
    [InlineData("dates", "dates")]
    [InlineData("dates.v2", "dates-v2")]
    [InlineData(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    )]
    public void JobName_OfAnObjectsName_IsOneThatAJobCanHave(string name, string expected) =>
        Assert.Equal(expected, TrainingJobSpecReader.JobName(name));

    [Fact]
    public void VolumeFile_OfAPathOrALinkThatLeadsOut_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var volume = Directory.CreateDirectory(Path.Combine(folder.Path, "v")).FullName;
        Directory.CreateDirectory(Path.Combine(volume, "sub"));
        File.WriteAllText(Path.Combine(volume, "sub", "a"), "text");
        File.WriteAllText(Path.Combine(folder.Path, "secret"), "text");
        File.CreateSymbolicLink(Path.Combine(volume, "out"), Path.Combine(folder.Path, "secret"));
        File.CreateSymbolicLink(Path.Combine(volume, "up"), folder.Path);
        File.CreateSymbolicLink(Path.Combine(volume, "in"), Path.Combine(volume, "sub"));
        // A link that stays inside at first sight, and goes on through one that does not.
        File.CreateSymbolicLink(Path.Combine(volume, "through"), Path.Combine("up", "secret"));
        File.CreateSymbolicLink(Path.Combine(volume, "round"), "round");
        Assert.Equal(Path.Combine(volume, "sub", "a"), VolumeFile.Find(volume, "in/a"));
        foreach (var path in (string[])["../secret", "/etc/passwd", "out", "up/secret", "through", "round", "sub/../../secret", "sub/none"])
        {
            Assert.Throws<DatasetException>(() => VolumeFile.Find(volume, path));
        }
    }

    [Fact]
    public void VolumeFile_OfAVolumeAsKubernetesMountsOne_IsFollowedToTheFileItself()
    {
        using var folder = new TemporaryFolder();
        var volume = Directory.CreateDirectory(Path.Combine(folder.Path, "mounted")).FullName;
        Directory.CreateDirectory(Path.Combine(volume, "..2026_01_01"));
        File.WriteAllText(Path.Combine(volume, "..2026_01_01", "a.src"), "text");
        File.CreateSymbolicLink(Path.Combine(volume, "..data"), "..2026_01_01");
        File.CreateSymbolicLink(Path.Combine(volume, "a.src"), Path.Combine("..data", "a.src"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "link"), volume);
        Assert.Equal(Path.Combine(volume, "..2026_01_01", "a.src"), VolumeFile.Find(volume, "a.src"));
        Assert.Equal(Path.Combine(volume, "..2026_01_01", "a.src"), VolumeFile.Find(Path.Combine(folder.Path, "link"), "a.src"));
    }

    private static TrainingJobSpec Read(string spec) =>
        TrainingJobSpecReader.Read(
            new()
            {
                Namespace = "research",
                Name = "job",
                Uid = "u",
                ResourceVersion = "1",
                Spec = JsonNode.Parse(spec.Replace("\"F\"", $"\"{new string('f', 64)}\"", StringComparison.Ordinal))!.AsObject(),
                Status = [],
            }
        );
}
