using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Course.Tests;

/// <summary>The worked example's listing for PyTorch.</summary>
public sealed partial class WorkedExampleTests
{
    // Debian's Python, whose packages bring PyTorch; another one may stand before it on the path.
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task Listing_InPyTorch_PrintsWhatThePageShows()
    {
        foreach (var page in Page.Languages.Select(language => Page.Of("worked-example", language)))
        {
            var match = Listing().Match(page.Text);
            Assert.True(match.Success, $"{page.FullPath} has no listing with what it prints");
            Assert.SkipUnless(File.Exists(Python), $"{Python} is not there");
            var result = await Tool.RunAsync(Python, ["-"], match.Groups[1].Value);
            Assert.SkipWhen(result.Error.Contains("No module named", StringComparison.Ordinal), "PyTorch is not installed (python3-torch)");
            Assert.True(result.ExitCode == 0, result.All);
            Assert.Equal(match.Groups[2].Value, result.Output);
        }
    }

    [GeneratedRegex(@"```python\n(.*?)```\n.*?```text\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Listing();
}
