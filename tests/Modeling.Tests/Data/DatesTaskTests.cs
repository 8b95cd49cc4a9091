using System.Globalization;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Modeling.Tests.Data;

public sealed class DatesTaskTests
{
    [Fact]
    public void Split_AnySource_StandsOnce()
    {
        var split = DatesTask.Split(seed: 1, train: 5000, validation: 500, heldOut: 1000);
        Assert.Equal((5000, 500, 1000), (split.Train.Count, split.Validation.Count, split.HeldOut.Count));
        var sources = split.Train.Concat(split.Validation).Concat(split.HeldOut).Select(pair => pair.Source).ToArray();
        Assert.Equal(sources.Length, sources.Distinct().Count());
    }

    [Fact]
    public void Generate_SameSeed_GivesTheSamePairs()
    {
        Assert.Equal(DatesTask.Generate(5, 200), DatesTask.Generate(5, 200));
        Assert.NotEqual(DatesTask.Generate(5, 200), DatesTask.Generate(6, 200));
    }

    [Fact]
    public void Generate_Targets_AreIsoDatesWithinTheYears() =>
        Assert.All(
            DatesTask.Generate(2, 2000),
            pair => Assert.InRange(DateOnly.ParseExact(pair.Target, "yyyy-MM-dd", CultureInfo.InvariantCulture).Year, 1900, 2099)
        );

    [Fact]
    public void Generate_OneSource_NeverMeansTwoDates() =>
        Assert.All(
            DatesTask.Generate(3, 20_000).Concat(DatesTask.Generate(4, 20_000)).GroupBy(pair => pair.Source.ToUpperInvariant()),
            group => Assert.Single(group.Select(pair => pair.Target).Distinct())
        );

    [Fact]
    public void Generate_NumericForms_ReadBackToTheTarget()
    {
        var pairs = DatesTask.Generate(7, 20_000);
        Check("d.M.yyyy");
        Check("yyyy/M/d");
        Check("yyyy年M月d日");

        void Check(string format)
        {
            var read = pairs
                .Select(pair =>
                    (
                        pair.Target,
                        Ok: DateOnly.TryParseExact(pair.Source, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date),
                        Date: date
                    )
                )
                .Where(result => result.Ok)
                .ToArray();
            Assert.NotEmpty(read);
            Assert.All(read, result => Assert.Equal(result.Target, result.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
        }
    }

    [Theory]
    [InlineData(@"^[A-Z][a-z]+ \d+(st|nd|rd|th), \d{4}$")]
    [InlineData(@"^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ")]
    [InlineData(@"^the \d+(st|nd|rd|th) of ")]
    [InlineData(@"^\d+\. [A-ZÄÖÜ][a-zäöü]+ \d{4}$")]
    [InlineData(@"^(Mo|Di|Mi|Do|Fr|Sa|So)\., ")]
    [InlineData(@"^[A-ZÄÖÜ0-9 .,]+$")]
    [InlineData(@"^[一二三四五六七八九〇]{4}年(十[一二]?|[一-九])月.*[日号]$")]
    [InlineData(@"二十三日")]
    [InlineData(@"零")]
    [InlineData(@"星期[一二三四五六日]$")]
    public void Generate_EveryForm_Occurs(string pattern) =>
        Assert.Contains(DatesTask.Generate(8, 3000), pair => System.Text.RegularExpressions.Regex.IsMatch(pair.Source, pattern));

    [Fact]
    public void Generate_OrdinalsAndNumerals_AreSpelledRight()
    {
        var pairs = DatesTask.Generate(9, 30_000);
        Assert.All(pairs, pair => Assert.DoesNotMatch("(?i)(11st|12nd|13rd|1th|2th|3th|21th)(?<!11th|12th|13th)", pair.Source));
        Assert.Contains(
            pairs,
            pair =>
                pair.Source.StartsWith("二〇二一年三月", StringComparison.Ordinal)
                && pair.Target.StartsWith("2021-03", StringComparison.Ordinal)
        );
        var november = pairs.Where(pair => pair.Target.EndsWith("-11-23", StringComparison.Ordinal));
        Assert.Contains(november, pair => pair.Source.Contains("十一月二十三", StringComparison.Ordinal));
        Assert.Contains(pairs, pair => pair.Source.Contains("十月", StringComparison.Ordinal) && pair.Target.Substring(5, 2) == "10");
    }

    [Fact]
    public void Write_ThenBuild_GivesADatasetWithASmallVocabulary()
    {
        using var folder = new TempFolder();
        DatesTask.Split(1, train: 500, validation: 50, heldOut: 20).Write(folder.File("dates"));
        var options = new DatasetOptions
        {
            Train = new ParallelText(Path.Combine(folder.File("dates"), "train.tsv"), null),
            Validation = new ParallelText(Path.Combine(folder.File("dates"), "valid.tsv"), null),
            VocabularySize = 300,
        };
        DatasetBuilder.Build(options, folder.File("data"));
        using var dataset = Dataset.Open(folder.File("data"));
        Assert.Equal((500, 50, 300), (dataset.TrainCount, dataset.Validation.Count, dataset.Tokenizer.VocabularySize));
        // Four digits, dash, two digits, dash, two digits: a token each, so that every part can be learned from every date.
        Assert.All(Enumerable.Range(0, dataset.TrainCount), i => Assert.Equal(10, dataset.TargetLength(i)));
        Assert.Equal(20, new TextLines(Path.Combine(folder.File("dates"), "heldout.tsv")).Count());
    }
}
