using System.Globalization;
using System.Text.Json;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Explain;

/// <summary>A job's story on the terminal, in lines of 80 columns, or as JSON.</summary>
public static class StoryPage
{
    /// <summary>Widest line, in cells.</summary>
    public const int Columns = 80;

    // "12:00:01  ".
    private const int Indent = 10;

    /// <summary>The story as lines.</summary>
    public static IEnumerable<string> Of(Job job, JobStory story)
    {
        yield return $"{job.Id}: {job.State.Word()}";
        var day = "";
        foreach (var line in story.Lines)
        {
            var date = line.Time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            if (date != day)
            {
                yield return "";
                yield return $"{date} (UTC)";
                day = date;
            }
            var time = line.Time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            foreach (var row in Rows($"{time}  ", line.Text))
            {
                yield return row;
            }
        }
        yield return "";
        foreach (var row in story.Summary.SelectMany(text => Rows("", text)))
        {
            yield return row;
        }
        foreach (var row in Rows("now: ", story.Now).Concat(story.Help.SelectMany(text => Rows("help: ", text))))
        {
            yield return row;
        }
    }

    /// <summary>The story as one JSON object.</summary>
    public static string Json(Job job, JobStory story) =>
        JsonSerializer.Serialize(
            new
            {
                job.Id,
                State = job.State.Word(),
                job.Reason,
                job.TraceId,
                Story = story.Lines.Select(line => new
                {
                    Time = line.Time.UtcDateTime,
                    line.Kind,
                    line.Text,
                }),
                story.Summary,
                story.Now,
                story.Help,
            },
            s_json
        );

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A text that begins with <paramref name="head"/>; its further rows are indented as far.</summary>
    private static IEnumerable<string> Rows(string head, string text)
    {
        var rest = new string(' ', Math.Min(head.Length, Indent));
        var row = head;
        var empty = true;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!empty && Cells.Width(row) + 1 + Cells.Width(word) > Columns)
            {
                yield return row;
                (row, empty) = (rest, true);
            }
            row = empty ? row + word : $"{row} {word}";
            empty = false;
        }
        yield return row;
    }
}
