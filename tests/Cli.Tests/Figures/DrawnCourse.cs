namespace TrainingCluster.Cli.Tests.Figures;

/// <summary>
/// The pictures of the course as <c>cluster attention --out</c> draws them: once for all tests, since models are trained for it.
/// </summary>
internal static class DrawnCourse
{
    private static readonly Lazy<Task<IReadOnlyDictionary<string, string>>> s_pictures = new(DrawAsync);

    /// <summary>Each file's name and text.</summary>
    public static Task<IReadOnlyDictionary<string, string>> PicturesAsync() => s_pictures.Value;

    private static async Task<IReadOnlyDictionary<string, string>> DrawAsync()
    {
        using var folder = new TestFolder();
        var session = await Session.RunAsync("attention", "--out", folder.At("pictures"));
        Assert.Equal(("", 0), (session.Error, session.ExitCode));
        return Directory.EnumerateFiles(folder.At("pictures")).ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
    }
}
