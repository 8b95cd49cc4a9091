using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TrainingCluster.Settings;

namespace TrainingCluster.Tests.Settings;

public class ProgramSettingsTests
{
    private static readonly SettingsSection[] s_sections = [new SettingsSection<Times>("Times"), new SettingsSection<Others>("Others")];

    [Fact]
    public void Validated_NothingSet_GivesTheDefaults() => Assert.Equal(new Times(), Read());

    [Fact]
    public void Validated_OneSet_LeavesTheOthers() =>
        Assert.Equal(new Times { Pause = TimeSpan.FromMilliseconds(20) }, Read("Times:Pause=20 ms"));

    [Fact]
    public void Validated_OtherCaseAndBounds_AreTaken() =>
        Assert.Equal(
            new Times { Pause = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromMinutes(1) },
            Read("times:PAUSE=10ms", "Times:Timeout=1 min")
        );

    [Theory]
    [InlineData("Times:Pause=9 ms", "Times:Pause '9 ms' is out of range; use 10 ms to 1 s")]
    [InlineData("Times:Pause=2 s", "Times:Pause '2 s' is out of range; use 10 ms to 1 s")]
    [InlineData("Times:Pause=10", "Times:Pause '10' is no time; write a number and a unit (ms, s, min, h), 10 ms to 1 s")]
    [InlineData("Times:Puase=10 ms", "Times:Puase is no setting; Times has Pause, Timeout")]
    [InlineData("Times:Name=x", "Times:Name is no setting; Times has Pause, Timeout")]
    public void Validated_WhatCannotBe_NamesSettingValueAndRange(string given, string expected) =>
        Assert.Equal([expected], Assert.Throws<OptionsValidationException>(() => Read(given)).Failures);

    [Fact]
    public void Validated_SeveralBadOnes_AreToldAtOnce()
    {
        var exception = Assert.Throws<AggregateException>(() => Read("Times:Pause=0 s", "Times:Timeout=0 s", "Others:Wait=x"));
        Assert.Equal(3, exception.InnerExceptions.Cast<OptionsValidationException>().Sum(invalid => invalid.Failures.Count()));
    }

    [Fact]
    public void Read_EnvironmentAndCommandLine_TheCommandLineHolds()
    {
        Environment.SetEnvironmentVariable("CLUSTER_TIMES__PAUSE", "30 ms");
        Environment.SetEnvironmentVariable("CLUSTER_TIMES__TIMEOUT", "40 s");
        try
        {
            Assert.Equal(
                new Times { Pause = TimeSpan.FromMilliseconds(20), Timeout = TimeSpan.FromSeconds(40) },
                Read("Times:Pause=20 ms")
            );
        }
        finally
        {
            Environment.SetEnvironmentVariable("CLUSTER_TIMES__PAUSE", null);
            Environment.SetEnvironmentVariable("CLUSTER_TIMES__TIMEOUT", null);
        }
    }

    [Theory]
    [InlineData("Pause=10 ms", "write SECTION:NAME=VALUE")]
    [InlineData("Times:Pause", "write SECTION:NAME=VALUE")]
    [InlineData("Timse:Pause=10 ms", "there is no section Timse; there are Times, Others")]
    public void Option_NoSetting_IsRefused(string given, string expected)
    {
        var command = new RootCommand { ProgramSettings.Option(s_sections) };
        Assert.Contains(expected, Assert.Single(command.Parse(["--set", given]).Errors).Message);
    }

    private static Times Read(params string[] given)
    {
        using var provider = ProgramSettings.Validated(s_sections, ProgramSettings.Read(given));
        return provider.GetRequiredService<IOptions<Times>>().Value;
    }

    private sealed record Times
    {
        public string Name { get; init; } = "";

        [DurationRange("10 ms", "1 s")]
        public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(50);

        [DurationRange("1 s", "1 min")]
        public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
    }

    private sealed record Others
    {
        [DurationRange("1 s", "1 min")]
        public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(5);
    }
}
