using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace TrainingCluster.Security;

/// <summary>Which program of a cluster a certificate was made for.</summary>
public enum CertificateRole
{
    /// <summary>The coordinator.</summary>
    Coordinator,

    /// <summary>A worker.</summary>
    Worker,

    /// <summary>A server of translations.</summary>
    Serving,
}

/// <summary>
/// The role that a certificate names, as a URI of SPIFFE in its subject alternative name. It says nothing of who signed the certificate:
/// the chain is verified before.
/// </summary>
public static class CertificateRoles
{
    /// <summary>The host of the URIs.</summary>
    public const string TrustDomain = "training-cluster";

    private const string SubjectAlternativeName = "2.5.29.17";

    // GeneralName ::= CHOICE { ..., uniformResourceIdentifier [6] IA5String, ... } (RFC 5280, 4.2.1.6)
    private static readonly Asn1Tag s_uri = new(TagClass.ContextSpecific, 6);

    /// <summary>A role as files, addresses and people write it.</summary>
    public static string WordOf(CertificateRole role) => role.ToString().ToLowerInvariant();

    /// <summary>The URI that a certificate of this role bears: <c>spiffe://training-cluster/coordinator</c>.</summary>
    public static Uri UriOf(CertificateRole role) => new(TextOf(role));

    /// <summary>The role of a certificate. Null: it names none, names two, or its names cannot be read.</summary>
    public static CertificateRole? RoleOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        try
        {
            var uris = certificate.Extensions.Where(extension => extension.Oid?.Value == SubjectAlternativeName).SelectMany(UrisOf);
            var roles = Enum.GetValues<CertificateRole>().IntersectBy(uris, TextOf, StringComparer.Ordinal).ToList();
            return roles is [var role] ? role : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static string TextOf(CertificateRole role) =>
        role switch
        {
            CertificateRole.Coordinator => $"spiffe://{TrustDomain}/coordinator",
            CertificateRole.Worker => $"spiffe://{TrustDomain}/worker",
            CertificateRole.Serving => $"spiffe://{TrustDomain}/serving",
            _ => throw new ArgumentOutOfRangeException(nameof(role), role, "no such role"),
        };

    /// <summary>The runtime reads DNS names and addresses of this extension, but not its URIs.</summary>
    private static List<string> UrisOf(X509Extension extension)
    {
        var uris = new List<string>();
        var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER);
        var names = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        while (names.HasData)
        {
            if (names.PeekTag().HasSameClassAndValue(s_uri))
            {
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, s_uri));
            }
            else
            {
                names.ReadEncodedValue();
            }
        }
        return uris;
    }
}
