using TrainingCluster.Cli.Completion;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Completion;

/// <summary>The scripts in the shells that they are for.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>What is typed, the word to complete last; and some of what is offered.</summary>
    public static TheoryData<string, string, string> Lines =>
        new()
        {
            { "tra", "train translate", "submit" },
            { "sub", "submit", "train" },
            { "datasets ", "list upload delete gc", "train" },
            { "datasets g", "gc", "list" },
            { "completion ", "bash zsh fish", "ids" },
            { "submit --w", "--wait", "--out" },
            { "train --pre", "--precision", "--seed" },
            { "train --precision ", "float32 bfloat16", "--seed" },
            { "train --precision b", "bfloat16", "float32" },
            { "bleu --tokenize ", "13a zh char none", "--json" },
            { "datasets gc --d", "--dry-run", "--older-than" },
        };

    [Fact]
    public void Of_Tree_HasEveryCommandAndOption()
    {
        var root = CommandLine.Create(Terminal.OfProcess());
        var tree = CommandTree.Of(root);
        Assert.Equal(root.Subcommands.Select(command => command.Name), tree[0].Children.Select(child => child.Name));
        var submit = tree.Single(command => command.Path == "submit");
        Assert.Equal(CompletedKind.Files, submit.Argument.Kind);
        Assert.Null(submit.Options.Single(option => option.Name == "--wait").Value);
        Assert.Equal(CompletedKind.Folders, submit.Options.Single(option => option.Name == "--out").Value!.Kind);
        Assert.Equal(CompletedKind.Jobs, tree.Single(command => command.Path == "get").Argument.Kind);
        Assert.Contains(submit.Options, option => option.Name == "-c");
        Assert.All(tree.SelectMany(command => command.Options), option => Assert.NotEmpty(option.Description));
    }

    [Theory, MemberData(nameof(Lines))]
    public async Task Bash_Line_OffersWhatFits(string typed, string offered, string not)
    {
        var words = string.Join(' ', typed.Split(' ').Select(word => $"'{word}'"));
        var output = await RunAsync(
            "bash",
            "bash",
            $"""
            source "$1"
            COMP_WORDS=(./cluster {words})
            COMP_CWORD=$((${"{#COMP_WORDS[@]}"} - 1))
            _cluster
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            """
        );
        AssertOffers(output, offered, not);
    }

    [Theory, MemberData(nameof(Lines))]
    public async Task Zsh_Line_OffersWhatFits(string typed, string offered, string not)
    {
        Tool.Require("zsh", "Debian: apt-get install zsh");
        var words = string.Join(' ', typed.Split(' ').Select(word => $"'{word}'"));
        // The completion system draws on a terminal; here its functions only say what they were given.
        var output = await RunAsync(
            "zsh",
            "zsh",
            $$"""
            compdef() { :; }
            _describe() { local w; for w in ${(P)2}; do print -r -- ${w%%:*}; done }
            compadd() { shift; print -rl -- $@; }
            source "$1"
            words=(./cluster {{words}})
            CURRENT=$#words
            _cluster
            """
        );
        // What does not begin like the word is left out by the completion system itself.
        var word = typed.Split(' ')[^1];
        AssertOffers(string.Join('\n', output.Split('\n').Where(line => line.StartsWith(word, StringComparison.Ordinal))), offered, not);
    }

    [Theory, MemberData(nameof(Lines))]
    public async Task Fish_Line_OffersWhatFits(string typed, string offered, string not)
    {
        Tool.Require("fish", "Debian: apt-get install fish");
        var output = await RunAsync("fish", "fish", $"source $argv[1]; complete -C './cluster {typed}' | string split -f1 \\t");
        AssertOffers(output, offered, not);
    }

    [Fact]
    public async Task Ids_Jobs_AreListedAndNobodyIsToldWhereThereAreNone()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                List = _ => new ListJobsResponse
                {
                    Jobs =
                    {
                        new Job { Id = "job-2" },
                        new Job { Id = "job-1" },
                    },
                },
            }
        );
        var session = await Session.RunAsync("completion", "ids", "--coordinator", coordinator.Address);
        Assert.Equal("job-2\njob-1\n", session.Out);
        var alone = await Session.RunAsync("completion", "ids", "--coordinator", $"127.0.0.1:{FreePort.Next()}");
        Assert.Equal(("", ""), (alone.Out, alone.Error));
    }

    private async Task<string> RunAsync(string shell, string script, string test)
    {
        var completion = await Session.RunAsync("completion", script);
        Assert.True(completion.ExitCode == 0, completion.Error);
        var (file, check) = (_folder.Write($"completion.{shell}", completion.Out), _folder.Write("test", test));
        var result = await Tool.RunAsync(shell, [check, file]);
        Assert.True(result.Error.Length == 0, result.All);
        return result.Output;
    }

    private static void AssertOffers(string output, string offered, string not)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(
            offered.Split(' ').Order(StringComparer.Ordinal),
            lines.Where(line => line != "--help").Distinct().Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(not, lines);
    }
}
