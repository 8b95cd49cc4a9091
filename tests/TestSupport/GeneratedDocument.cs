namespace TrainingCluster.TestSupport;

/// <summary>
/// A document, or a part of one, that is made from the code. A test holds the file against what the code says; with
/// <c>CLUSTER_WRITE_DOCS=1</c> it writes the file instead.
/// </summary>
internal static class GeneratedDocument
{
    /// <summary>Holds a whole file against <paramref name="expected"/>.</summary>
    public static void Verify(string expected, params string[] path)
    {
        var file = Repository.At(path);
        if (Environment.GetEnvironmentVariable("CLUSTER_WRITE_DOCS") == "1")
        {
            File.WriteAllText(file, expected);
            return;
        }
        var shown = string.Join('/', path);
        Assert.True(File.Exists(file), $"{shown} is missing: run this test with CLUSTER_WRITE_DOCS=1 to write it.");
        Assert.True(
            File.ReadAllText(file) == expected,
            $"{shown} is not what the code says any more: run this test with CLUSTER_WRITE_DOCS=1 to write it anew."
        );
    }

    /// <summary>Holds what stands under a heading of the second level against <paramref name="expected"/>.</summary>
    public static void VerifySection(string title, string expected, params string[] path)
    {
        var text = File.ReadAllText(Repository.At(path));
        var begin = text.IndexOf($"## {title}\n", StringComparison.Ordinal);
        Assert.True(begin >= 0, $"{string.Join('/', path)} has no section '{title}'.");
        begin += $"## {title}\n".Length;
        var end = text.IndexOf("\n## ", begin, StringComparison.Ordinal);
        Verify($"{text[..begin]}\n{expected}{(end < 0 ? "" : text[end..])}", path);
    }
}
