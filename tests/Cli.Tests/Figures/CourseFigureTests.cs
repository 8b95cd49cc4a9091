using TrainingCluster.Cli.Figures;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Cli.Tests.Figures;

/// <summary>The pictures of the course are what the code draws, and their list is complete.</summary>
public class CourseFigureTests
{
    private static string Folder => Repository.At("docs", "attention", "images");

    public static TheoryData<string> FileNames => [.. CourseFigures.All().Select(figure => figure.FileName)];

    [Theory]
    [MemberData(nameof(FileNames))]
    public async Task Draw_Again_IsTheKeptPicture(string fileName)
    {
        var figure = CourseFigures.All().Single(figure => figure.FileName == fileName);
        var kept = await File.ReadAllTextAsync(Path.Combine(Folder, fileName), TestContext.Current.CancellationToken);
        var drawn = await DrawnCourse.PicturesAsync();
        var differences = SvgComparison.Differences(kept, drawn[fileName], figure.Tolerance);
        Assert.True(
            differences.Count == 0,
            $"{fileName}: {string.Join("; ", differences.Take(5))}. Make the pictures again: "
                + "./cluster attention --out docs/attention/images"
        );
    }

    [Fact]
    public void Folder_Always_HoldsTheListedPicturesOnly() =>
        Assert.Equal(
            CourseFigures.All().Select(figure => figure.FileName).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );

    [Theory]
    [InlineData("<a x='10.00'>t = 3</a>", "<a x='10.01'>t = 3</a>", 0)]
    [InlineData("<a x='10.00'>t = 3</a>", "<a x='12.00'>t = 3</a>", 1)]
    [InlineData("<a x='10.00'>t = 0.77</a>", "<a x='10.00'>t = 0.78</a>", 0)]
    [InlineData("<a x='10.00'>t = 0.77</a>", "<a x='10.00'>t = 0.79</a>", 1)]
    [InlineData("<a x='10.00'>t = 3</a>", "<a x='10.00'>u = 3</a>", 1)]
    [InlineData("<a x='10.00'>t = 3</a>", "<b x='10.00'>t = 3</b>", 2)]
    [InlineData("<a fill='#08306b'/>", "<a fill='#083069'/>", 0)]
    [InlineData("<a fill='#08306b'/>", "<a fill='#ff306b'/>", 1)]
    [InlineData("<path d='M0 0h6v3h-6z' fill='#102030'/>", "<path d='M0 0h2v3h-2zM2 0h4v3h-4z' fill='#102030'/>", 0)]
    [InlineData("<path d='M0 0h6v3h-6z' fill='#102030'/>", "<path d='M0 0h2v3h-2z' fill='#102030'/>", 1)]
    [InlineData("<path d='M0 0h6v3h-6z' fill='#102030'/>", "<path d='M0 0h6v3h-6z' fill='#903030'/>", 1)]
    public void Differences_TwoDrawings_AreThoseBeyondTheTolerance(string one, string other, int differences)
    {
        Assert.Equal(differences, SvgComparison.Differences(Sheet(one), Sheet(other), 0.001).Count);

        static string Sheet(string shapes) => $"<svg width='500' height='300'>{shapes}</svg>";
    }
}
