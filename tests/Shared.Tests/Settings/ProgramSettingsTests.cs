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
    [InlineData("", "a", null)]
    [InlineData("a=1, b=2", "b", 2)]
    [InlineData("a=1,b=2", "c", null)]
    [InlineData("a=1,*=5", "c", 5)]
    [InlineData("a=1,*=5", "a", 1)]
    public void Validated_NumbersOfNamespaces_AreThoseOfTheNameOrOfAll(string text, string name, int? expected) =>
        Assert.Equal(expected, Read($"Times:Limits={text}").Limits.Of(name));

    [Theory]
    [InlineData("Times:Pause=9 ms", "Times:Pause '9 ms' is out of range; use 10 ms to 1 s")]
    [InlineData("Times:Pause=2 s", "Times:Pause '2 s' is out of range; use 10 ms to 1 s")]
    [InlineData("Times:Pause=10", "Times:Pause '10' is no time; write a number and a unit (ms, s, min, h), 10 ms to 1 s")]
    [InlineData("Times:Puase=10 ms", "Times:Puase is no setting; Times has Pause, Timeout, Limits")]
    [InlineData("Times:Name=x", "Times:Name is no setting; Times has Pause, Timeout, Limits")]
    [InlineData("Times:Limits=a", "Times:Limits 'a' cannot be read: 'a' is not NAMESPACE=NUMBER; write research=8,teaching=4,*=2")]
    [InlineData("Times:Limits=a=x", "Times:Limits 'a=x' cannot be read: 'a=x' is not NAMESPACE=NUMBER; write research=8,teaching=4,*=2")]
    [InlineData(
        "Times:Limits=A b=1",
        "Times:Limits 'A b=1' cannot be read: 'A b' is no name of a namespace: those have 1 to 63 letters a-z, digits and '-'; write "
            + "research=8,teaching=4,*=2"
    )]
    [InlineData("Times:Limits=a=1,a=2", "Times:Limits 'a=1,a=2' cannot be read: 'a' stands there twice; write research=8,teaching=4,*=2")]
    [InlineData("Times:Limits=b=2,a=9", "Times:Limits 'b=2,a=9' is out of range for namespace a; use 0 to 8")]
    [InlineData("Others:Count=0", "Others:Count '0' is out of range; use 1 to 64")]
    [InlineData("Others:Count=65", "Others:Count '65' is out of range; use 1 to 64")]
    [InlineData("Others:Count=4.5", "Others:Count '4.5' is no whole number; use 1 to 64")]
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

        [NamespaceNumberRange(0, 8)]
        public NamespaceNumbers Limits { get; init; } = NamespaceNumbers.None;
    }

    private sealed record Others
    {
        [DurationRange("1 s", "1 min")]
        public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(5);

        [NumberRange(1, 64)]
        public int Count { get; init; } = 4;
    }
}
