using System.Text.RegularExpressions;
using System.Xml.Linq;
using TrainingCluster.Settings;

namespace TrainingCluster.TestSupport;

/// <summary>The table of a program's settings for docs/configuration.md: what each does is the doc of its property.</summary>
internal static partial class SettingsTable
{
    public static string Of(IEnumerable<SettingsSection> sections) =>
        "| setting | default | range | what it is |\n|---|---|---|---|\n" + string.Concat(sections.SelectMany(Rows));

    private static IEnumerable<string> Rows(SettingsSection section)
    {
        var docs = XDocument.Load(Path.ChangeExtension(section.Options.Assembly.Location, ".xml"));
        foreach (var setting in section.Settings)
        {
            var member = docs.Descendants("member")
                .Single(m => (string?)m.Attribute("name") == $"P:{section.Options.FullName}.{setting.Name}");
            var text = Text(member.Element("summary")!);
            yield return $"| `{section.Name}:{setting.Name}` | {setting.DefaultText} | {setting.Range} | {text} |\n";
        }
    }

    private static string Text(XElement summary) => Space().Replace(string.Concat(summary.Nodes().Select(Text)), " ").Trim();

    private static string Text(XNode node) =>
        node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")!.Value.Split('.', ':')[^1]}`",
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            _ => "",
        };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
