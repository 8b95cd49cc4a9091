namespace TrainingCluster.Cli.Tests.Commands;

public sealed class DatesCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Dates_Written_ArePairsThatNoOtherPartHolds()
    {
        var session = await Session.RunAsync("dates", "--out", _folder.At("text"), "--train", "50", "--valid", "7", "--heldout", "9");
        Assert.Equal(0, session.ExitCode);
        var all = new List<string>();
        foreach (var (name, count) in new[] { ("train", 50), ("valid", 7), ("heldout", 9) })
        {
            var (sources, targets) = (Lines($"{name}.source"), Lines($"{name}.target"));
            Assert.Equal((count, count), (sources.Length, targets.Length));
            Assert.All(targets, target => Assert.True(DateOnly.TryParseExact(target, "yyyy-MM-dd", out _), target));
            all.AddRange(sources);
        }
        Assert.Equal(66, all.Distinct().Count());
    }

    private string[] Lines(string name) => File.ReadAllLines(_folder.At($"text/{name}"));
}
