using TrainingCluster.Fuzzing.Tests.Engine;

namespace TrainingCluster.Fuzzing.Tests;

/// <summary>
/// Every reader of bytes from outside, against bytes that were changed at random: it returns a value or refuses in the one way that it
/// documents, and allocates in proportion to what it was given. CONTRIBUTING.md says how to run more of them.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>All, or the one of CLUSTER_FUZZ_TARGET.</summary>
    public static TheoryData<string> Targets
    {
        get
        {
            var only = Environment.GetEnvironmentVariable("CLUSTER_FUZZ_TARGET");
            return [.. FuzzTargets.All.Select(target => target.Name).Where(name => only is null || name == only)];
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Read_AnyInput_IsReadOrRefused(string name) => output.WriteLine(FuzzRun.Run(Target(name)));

    [Theory]
    [MemberData(nameof(Targets))]
    public void Read_WhatStandsInTheCorpus_IsReadOrRefused(string name)
    {
        var target = Target(name);
        if (Environment.GetEnvironmentVariable(Corpus.WriteVariable) == "1")
        {
            Corpus.WriteSeeds(target);
        }
        var corpus = Corpus.Of(target);
        Assert.Contains(corpus, entry => Corpus.IsSeed(entry.Name));
        string[] problems = [.. corpus.Select(entry => Problem(target, entry.Name, entry.Input)).OfType<string>()];
        Assert.True(problems.Length == 0, string.Join("\n\n", problems));
    }

    private static string? Problem(FuzzTarget target, string file, byte[] input)
    {
        var outcome = Outcome.Of(target, input);
        return outcome.Kind is { } kind ? $"{file}: {kind}\n{outcome.Detail}"
            // A seed that is refused teaches nothing: the format has changed.
            : !outcome.Accepted && Corpus.IsSeed(file) ? $"{file} is not read any more; {Corpus.WriteVariable}=1 writes it anew"
            : null;
    }

    private static FuzzTarget Target(string name) => FuzzTargets.All.Single(target => target.Name == name);
}
